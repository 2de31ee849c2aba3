"""The command line: arguments to overrides, errors to sentences and exit codes."""

from bgsub.cli.main import main

__all__ = ["main"]
