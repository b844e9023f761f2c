"""The command line: verbs parse, call and print; results on stdout, all else on stderr."""

from opensearch.cli.group import main

__all__ = ["main"]
