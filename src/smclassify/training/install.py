"""A user's own model: put in its place together with its examples, or taken away again."""

from __future__ import annotations

from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from smclassify.artifact import save_model
from smclassify.atomic import whole_file
from smclassify.errors import ArtifactError
from smclassify.paths import own_examples, own_model, user_data
from smclassify.tables.cells import joined_rows
from smclassify.training.dataset import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from smclassify.model import Model
    from smclassify.training.dataset import Example

_ELSEWHERE = "Write the model somewhere else with -o FILE."


def check_folder() -> None:
    """Make the folder of the user's own model if need be, and see whether files can be written there.

    Raises:
        ArtifactError: They cannot.
    """
    folder = user_data()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ArtifactError(f"{folder}: cannot keep your own model there: {error.strerror}.", _ELSEWHERE) from error


def install(model: Model, examples: Sequence[Example]) -> Path:
    """Put a model and the examples it was trained on in the place of the user's own ones, and return the model's path.

    The old examples go before the new model comes and the new examples come last, so that a crash at any moment leaves
    a model with its own examples or with none.

    Raises:
        ArtifactError: A file cannot be written; the old model is still there.
    """
    target, beside = own_model().resolve(), own_examples().resolve()  # through symbolic links, so that they stay
    draft = target.with_name(".model.new")
    try:
        with whole_file(beside) as handle:
            handle.write(_as_csv(examples))
            save_model(model, draft)
            beside.unlink(missing_ok=True)
            draft.replace(target)
    except BlockingIOError as error:
        raise ArtifactError(f"{target}: another run is writing your own model.", "Wait until it ends.") from error
    except OSError as error:
        raise ArtifactError(f"{target}: cannot write your own model: {error.strerror}.", _ELSEWHERE) from error
    finally:
        draft.unlink(missing_ok=True)
    return target


def reset() -> bool:
    """Delete the user's own model and its examples, and return whether there was anything.

    Raises:
        ArtifactError: A file cannot be deleted.
    """
    found = False
    for path in (own_model(), own_examples()):
        try:
            path.unlink()
            found = True
        except (FileNotFoundError, NotADirectoryError):
            pass
        except OSError as error:
            raise ArtifactError(f"{path}: cannot delete the file: {error.strerror}.") from error
    return found


def _as_csv(examples: Sequence[Example]) -> bytes:
    rows = joined_rows([[getattr(example, name) for example in examples] for name in COLUMNS], ",")
    return "".join(f"{row}\n" for row in (",".join(COLUMNS), *rows)).encode()
