"""What libraries say of their own affairs stays off the terminal."""

from __future__ import annotations

import logging
import sys
import warnings


def hush_libraries() -> None:
    """Drop warnings and log lines of libraries for this process.

    Whoever asks Python for warnings, by `-W` or PYTHONWARNINGS, still gets them. What is wrong
    with a file is in the report; processes that read files write to no terminal at all.
    """
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    # Without a handler Python itself prints what is logged as a warning.
    logging.getLogger().addHandler(logging.NullHandler())
