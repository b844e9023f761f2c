"""The HTML page of an answer: what was asked, how it was understood, what was found.

One file without scripts and without anything to load: it shows the same wherever it is opened, in
the dark and on a telephone, and nothing of it waits for a pointer.
"""

from opensearch.pages.page import write_page

__all__ = ["write_page"]
