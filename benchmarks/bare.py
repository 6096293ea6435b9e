"""The least that a typer program can be: two commands that do nothing. The floor of every start-up time."""

from __future__ import annotations

import typer

app = typer.Typer()


@app.command()
def hello(text: str) -> None:
    """Print a text."""
    print("hello", text)


@app.command()
def bye(text: str) -> None:
    """Print a text."""
    print("bye", text)


if __name__ == "__main__":
    app()
