"""The command `opensearch`, also run by `python -m opensearch`."""

from opensearch.cli import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
