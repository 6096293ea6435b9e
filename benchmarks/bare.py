"""The least that a small typer and rich program does: it draws its answer. The floor of every start-up time."""

from __future__ import annotations

import typer
from rich.console import Console
from rich.panel import Panel

app = typer.Typer()


@app.command()
def hello(text: str) -> None:
    """Show a text."""
    Console().print(Panel(text, title="hello"))


@app.command()
def bye(text: str) -> None:
    """Show a text."""
    Console().print(Panel(text, title="bye"))


if __name__ == "__main__":
    app()
