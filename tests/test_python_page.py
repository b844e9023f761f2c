"""Every block of docs/python.md runs, in order, and prints what stands below it."""

import re
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "docs" / "python.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(text):
    """Code, what it is to print ("" where nothing is said), and its line in the page."""
    found = list(BLOCK.finditer(text))
    for block, after in zip(found, [*found[1:], None], strict=True):
        if block[1] == "python":
            printed = after[2] if after is not None and after[1] == "text" else ""
            yield block[2], printed, text.count("\n", 0, block.start(2))


def test_a_block_and_what_it_prints_belong_together():
    text = "a\n```python\nprint(1)\n```\n```text\n1\n```\n```bash\nls\n```\n```python\nx = 2\n```\n"
    assert list(blocks(text)) == [("print(1)\n", "1\n", 2), ("x = 2\n", "", 11)]


def test_every_block_of_the_page_runs_and_prints_what_it_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "python_page"}
    text = PAGE.read_text("utf-8")
    found = list(blocks(text))
    assert len(found) > 12
    for code, printed, line in found:
        out = StringIO()
        with redirect_stdout(out):
            # At the page's own lines, so that a traceback names the one that fails.
            exec(compile("\n" * line + code, str(PAGE), "exec"), names)
        if out.getvalue() != printed:
            pytest.fail(f"{PAGE.name}, block of line {line}: printed {out.getvalue()!r}")
