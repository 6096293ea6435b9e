"""The command line: options, wiring, the error boundary and exit codes. It computes nothing itself."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from smclassify import plain, render
from smclassify.errors import SmclassifyError, UsageError
from smclassify.streams import prepare_streams, silence

if TYPE_CHECKING:
    from collections.abc import Iterable

COMMANDS = ("classify", "explain", "batch", "report", "review", "define", "info", "train", "evaluate", "diff")
"""Every command, in the order of the help; each is a function in a module of its name."""


class _Commands(TyperGroup):
    """The commands; a closed pipe ends one quietly, where typer would exit with 1."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - typer's own context type is private
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise typer.Exit(_stop_writing()) from None


def make_app(names: Iterable[str] = COMMANDS) -> typer.Typer:
    """Return the command line with some of its commands: to make all of them takes a sixth of a cold start."""
    app = typer.Typer(
        cls=_Commands,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(invoke_without_command=True)(root)
    for name in names:
        command = getattr(import_module(f"smclassify.commands.{name}"), name)
        app.command(short_help=(command.__doc__ or "").partition("\n")[0])(command)
    return app


def main() -> None:
    """Run the command line; every problem a user can act on ends in one line and an exit code."""
    prepare_streams()
    asked, _, shell = os.environ.get("_SMCLASSIFY_COMPLETE", "").partition("_")
    if asked == "complete":
        sys.exit(_complete(shell))
    try:
        asked_for = sys.argv[1:2]
        app = make_app(asked_for if set(asked_for) & set(COMMANDS) else COMMANDS)
        code = app(prog_name="smclassify", standalone_mode=False)
        sys.stdout.flush()
    except SmclassifyError as error:
        code = _complain(error)
    except typer.TyperException as error:
        code = _complain(_as_usage_error(error))
    except BrokenPipeError:
        code = _stop_writing()
    except (OSError, MemoryError) as error:  # for one, the disk is full to which standard output goes
        _stop_writing()
        code = _complain(SmclassifyError(f"{str(error) or 'there is not enough memory'}."))
    sys.exit(code)


def _complete(shell: str) -> int:
    """Tell a shell what could follow on its command line."""
    from smclassify.completion import answer

    told, code = answer(make_app(), shell)
    try:
        render.say(told)
        sys.stdout.flush()
    except BrokenPipeError:
        _stop_writing()
    return code


def _stop_writing() -> int:
    silence(sys.stdout)
    return 0


def _complain(error: SmclassifyError) -> int:
    render.note([plain.plain_error(error)])
    return error.exit_code


def _as_usage_error(error: typer.TyperException) -> UsageError:
    context: typer.Context | None = getattr(error, "ctx", None)
    command = context.command_path if context else "smclassify"
    tip = f"See `{command} --help`."
    if type(error).__name__ == "NoSuchOption" and command.endswith((" classify", " explain")):
        tip = f"A text that starts with a hyphen goes after --, as in: {command} -- '-50% campaign'. {tip}"
    message = error.format_message().strip().rstrip(".")
    return UsageError(message if message.endswith("?") else f"{message}.", tip)


def _show_version(asked: bool) -> None:
    if asked:
        from smclassify import __version__

        render.say(f"smclassify {__version__}")
        raise typer.Exit


def root(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001 - typer calls its callback
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    """Tell sales activities from marketing activities, and show the definition that fits.

    \b
    Examples:
      smclassify classify "cold call" "SEO audit"
      smclassify batch tasks.csv -o labelled.csv
      smclassify define negotiation
    """
    if context.invoked_subcommand is None:
        render.note([context.get_help()])
        raise typer.Exit(2)
