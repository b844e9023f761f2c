"""What is said when the system refuses."""

import errno

import pytest

from opensearch.errors import OpenSearchError, system_reason


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_called_that(code):
    assert system_reason(OSError(code, "words of the system")) == (
        "the disk is full (words of the system)"
    )


def test_other_refusals_keep_the_words_of_the_system():
    assert system_reason(PermissionError(13, "Permission denied")) == "Permission denied"
    assert system_reason(OSError("odd")) == "odd"


def test_an_export_that_finds_no_room_says_so_and_leaves_nothing(tmp_path, monkeypatch):
    from opensearch.engine.exchange import exporting

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(exporting, "_write", full)

    class Nothing:
        def snapshot(self):
            import contextlib

            return contextlib.nullcontext()

    with pytest.raises(OpenSearchError, match=r"the disk is full \(No space left") as told:
        exporting.export(Nothing(), {}, tmp_path / "out", print)
    assert told.type is OpenSearchError  # exit code 1: the name is not at fault
    assert list(tmp_path.iterdir()) == []
