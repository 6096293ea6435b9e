"""Everything that can go wrong for a user's reason, each with a sentence, a tip and an exit code."""

from __future__ import annotations


class SmclassifyError(Exception):
    """A problem the user can act on.

    Args:
        message: What is wrong and where, as one line (`file:line` where there is one).
        tip: What to do next, as one line; may be empty.
    """

    exit_code = 1

    def __init__(self, message: str, tip: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.tip = tip


class UsageError(SmclassifyError):
    """The command was given something it cannot mean."""

    exit_code = 2


class SettingsError(UsageError):
    """A file of settings has an unknown key or a wrong value, or is no TOML."""


class TableError(SmclassifyError):
    """A user's file cannot be read or written."""


class HelperLostError(SmclassifyError):
    """A process that helped with the work ended before it."""


class ArtifactError(SmclassifyError):
    """A model file is missing, damaged or not one of ours."""


class DefinitionError(SmclassifyError):
    """The file of definitions is missing or not well formed."""


class GlossaryError(SmclassifyError):
    """A team's glossary is missing, not well formed, or names what the model does not have."""


class DatasetError(SmclassifyError):
    """Labelled examples break a rule of the data set."""


class GateError(SmclassifyError):
    """What was asked for is done only if a measurement allows it, and it does not."""

    exit_code = 4
