"""Run as `python -m smclassify`."""

from smclassify.cli import main

main()
