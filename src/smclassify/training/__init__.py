"""Training a model: the one place where scikit-learn, scipy and joblib are used."""
