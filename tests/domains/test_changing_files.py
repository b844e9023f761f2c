"""A file that is written while it is read is read again, or refused for now."""

import pytest
from PIL import Image

from opensearch.config import ReaderSettings
from opensearch.domains import open_reader
from opensearch.domains.collections.catalog import digest
from opensearch.domains.opening import opener
from opensearch.errors import UnreadableFile
from opensearch.limits import Limits
from opensearch.records import Source, Stamp


@pytest.fixture
def file(tmp_path):
    Image.new("RGB", (40, 30), "red").save(tmp_path / "a.png")
    return tmp_path / "a.png"


def opener_that_sees(monkeypatch, writes):
    """An opener whose reader finds a file changed after each read, as long as there are writes."""

    def opening(settings, limits):
        plain = open_reader(settings, limits)

        def read(path, part=None, up=None):
            try:
                return plain(path, part, up)
            finally:
                if writes:
                    writes.pop(0)(path)

        return read

    monkeypatch.setattr(opener, "open_reader", opening)
    return opener.Opener({"photo": ReaderSettings(reader="image", size=16)}, Limits())


def paint(colour, size=(50, 30)):
    return lambda path: Image.new("RGB", size, colour).save(path)


def test_what_is_kept_of_a_file_is_of_what_was_read(file, monkeypatch):
    opened = opener_that_sees(monkeypatch, [paint("blue")]).open(file, domain="photo", books=True)
    assert opened.reading.views[0, 8, 8].tolist() == [0, 0, 255]
    assert (opened.size, opened.mtime_ns) == (file.stat().st_size, file.stat().st_mtime_ns)
    assert opened.digest == digest(Source(file, "a.png"))


def test_a_stamp_of_before_is_not_kept(file, monkeypatch):
    stat = file.stat()
    before = Stamp(stat.st_size, stat.st_mtime_ns, digest(Source(file, "a.png")))
    opening = opener_that_sees(monkeypatch, [paint("blue")])
    opened = opening.open(file, domain="photo", books=True, stamp=before)
    assert opened.digest == digest(Source(file, "a.png")) != before.digest


def test_half_a_file_is_no_damaged_one_once_the_rest_is_there(file, monkeypatch):
    whole = file.read_bytes()
    file.write_bytes(whole[:60])
    opening = opener_that_sees(monkeypatch, [lambda path: path.write_bytes(whole)])
    opened = opening.open(file, domain="photo", books=True)
    assert opened.reading.views[0, 8, 8].tolist() == [255, 0, 0]


def test_a_file_that_changes_all_the_time_is_told(file, monkeypatch):
    writes = [paint("blue", (60, 30)), paint("green", (70, 30)), paint("red", (80, 30))]
    opening = opener_that_sees(monkeypatch, writes)
    with pytest.raises(UnreadableFile, match=r"'a\.png' changed while it was read: index it again"):
        opening.open(file, domain="photo", books=True)


def test_a_damaged_file_that_stays_is_damaged(file, monkeypatch):
    file.write_bytes(file.read_bytes()[:60])
    with pytest.raises(UnreadableFile, match="is cut short"):
        opener_that_sees(monkeypatch, []).open(file, domain="photo", books=True)
