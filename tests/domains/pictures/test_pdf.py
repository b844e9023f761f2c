"""Pages of PDF documents and Illustrator's files: which is shown, and why others are refused."""

import sys

import numpy as np
import pytest
from PIL import Image, ImageDraw

from opensearch.config import ReaderSettings
from opensearch.domains import open_reader
from opensearch.domains.collections.catalog import find_sources
from opensearch.domains.files import wrong_suffix
from opensearch.domains.image import load_picture
from opensearch.domains.opening.guess import guess_domain
from opensearch.domains.pictures import suffixes
from opensearch.domains.pictures.pdf import open_pdf
from opensearch.errors import UnreadableFile
from opensearch.limits import Limits

LOCK = b"<< /Filter /Standard /V 1 /R 2 /P -4 /O <" + b"1f" * 32 + b"> /U <" + b"2e" * 32 + b"> >>"


def document(*pages, front=b"", back=b"", lock=b""):
    """A document whose pages, 200 by 100 points, are painted as their contents say."""
    kids = b" ".join(b"%d 0 R" % (3 + 2 * i) for i in range(len(pages)))
    bodies = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count %d /MediaBox [0 0 200 100] /Kids [%s] >>" % (len(pages), kids),
    ]
    for number, page in enumerate(pages):
        bodies.append(b"<< /Type /Page /Parent 2 0 R /Contents %d 0 R >>" % (4 + 2 * number))
        bodies.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(page), page))
    return front + written(bodies, lock) + back


def written(bodies, lock=b""):
    """A document of objects, the first of which is its catalogue."""
    data, places = b"%PDF-1.4\n", []
    for number, body in enumerate(bodies, start=1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    rows = b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"<< /Size %d /Root 1 0 R %s >>" % (len(bodies) + 1, lock)
    table = b"xref\n0 %d\n0000000000 65535 f \n%strailer\n%s\n" % (len(bodies) + 1, rows, trailer)
    return data + table + b"startxref\n%d\n%%%%EOF\n" % len(data)


def form(filled, *fields):
    """A document whose one page is empty but for fields, of which the first looks as told."""
    kids = [b"%d 0 R" % (5 + at) for at in range(len(fields) + 1)]
    listed = b" ".join(kids)
    head = b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [%s] >> >>" % listed
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] /Annots [%s] >>" % listed
    first = b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (a) /V (x) /F 4 /Rect [0 0 100 100] "
    return written(
        [
            head,
            b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
            page,
            filled,
            first + b"/AP << /N 4 0 R >> >>",
            *fields,
        ]
    )


LEFT_RED = b"1 0 0 rg 0 0 100 100 re f"
FILLED = (
    b"<< /Type /XObject /Subtype /Form /BBox [0 0 100 100] /Length %d >>\nstream\n%s\nendstream"
)
STROKES = b"4 w 20 20 m 180 20 l 100 90 l h S"


def view(path):
    return open_reader(ReaderSettings(reader="image", size=32))(path, None).views[0]


@pytest.mark.parametrize("name", ["a.pdf", "b.ai", "C.PDF", "named.png"])
def test_a_page_is_drawn_on_white(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(document(LEFT_RED))
    seen = np.asarray(load_picture(path, Limits(), 64))
    assert seen.shape[1] == 2 * seen.shape[0], "its aspect stays"
    assert seen[seen.shape[0] // 2, 10].tolist() == [255, 0, 0]
    assert seen[seen.shape[0] // 2, -10].tolist() == [255, 255, 255]


def test_the_first_page_that_is_not_blank_is_shown(tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(document(b"", b"1 1 1 rg 0 0 50 50 re f", LEFT_RED, b"0 0 200 100 re f"))
    assert view(path)[16, 8].tolist() == [255, 0, 0]


def test_what_was_filled_in_is_drawn_and_fields_are_not_marked(tmp_path):
    empty = b"<< /Subtype /Widget /FT /Tx /T (b) /Rect [100 0 200 100] /F 4 >>"
    path = tmp_path / "a.pdf"
    path.write_bytes(form(FILLED % (len(LEFT_RED), LEFT_RED), empty))
    seen = view(path)
    assert seen[16, 8].tolist() == [255, 0, 0]
    assert seen[16, 24].tolist() == [255, 255, 255]


def test_other_bytes_may_come_before_and_behind(tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(document(LEFT_RED, front=b"\r\n\0" * 300, back=b"\0" * 2000))
    assert view(path)[16, 8].tolist() == [255, 0, 0]


def test_a_document_of_lines_is_taken_for_a_drawing_and_one_of_a_photo_for_a_photo(tmp_path):
    (tmp_path / "lines.pdf").write_bytes(document(STROKES))
    assert guess_domain(tmp_path / "lines.pdf").domain == "sketch"
    rng = np.random.default_rng(0)
    soft = Image.fromarray(rng.integers(0, 255, (8, 8, 3), np.uint8)).resize((300, 300))
    grain = np.asarray(soft) + rng.normal(0, 8, (300, 300, 3))
    Image.fromarray(grain.clip(0, 255).astype(np.uint8)).save(tmp_path / "photo.pdf")
    assert guess_domain(tmp_path / "photo.pdf").domain == "photo"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"%PDF-1.7\n", "a PDF document that is cut short"),
        (document(LEFT_RED)[:-120], "a PDF document that is cut short"),
        (b"%PDF-1.7\n" + bytes(900) + b"\n%%EOF\n", "a PDF document that is damaged"),
        (document(), "a PDF document that is damaged"),
        (document(LEFT_RED, lock=b"/ID [<00> <00>] /Encrypt " + LOCK), "that a password locks"),
    ],
)
def test_what_cannot_be_shown_is_refused_by_what_it_is(tmp_path, data, told):
    (tmp_path / "a.pdf").write_bytes(data)
    with pytest.raises(UnreadableFile, match=rf"a\.pdf.*{told}"):
        view(tmp_path / "a.pdf")


def test_an_empty_page_is_no_drawing(tmp_path):
    (tmp_path / "a.pdf").write_bytes(document(b"", b""))
    with pytest.raises(UnreadableFile, match="blank"):
        open_reader(ReaderSettings(reader="sketch", size=32))(tmp_path / "a.pdf", None)
    with pytest.raises(UnreadableFile, match=r"a\.pdf' is a PDF document of blank pages"):
        view(tmp_path / "a.pdf")


def test_without_its_package_documents_are_left_alone(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pypdfium2", None)
    assert not {".pdf", ".ai"} & suffixes()
    path = tmp_path / "a.pdf"
    path.write_bytes(document(LEFT_RED))
    assert "pip install 'opensearch-visual[pdf]'" in wrong_suffix(path, suffixes())
    (failure,) = find_sources(path)
    assert "pip install 'opensearch-visual[pdf]', or export it as .svg" in failure.reason
    path.rename(tmp_path / "a.png")
    with pytest.raises(UnreadableFile, match=r"needs pypdfium2.*'opensearch-visual\[pdf\]'"):
        view(tmp_path / "a.png")


def test_a_large_page_costs_no_more_than_a_small_one(tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(document(LEFT_RED).replace(b"200 100]", b"14400 7200]"))
    assert open_pdf(path, Limits()).size == (1200, 600)
    assert open_pdf(path, Limits(pixels=10000)).size == (100, 50)


def test_pillows_own_documents_are_read(tmp_path):
    picture = Image.new("RGB", (300, 300), "white")
    ImageDraw.Draw(picture).ellipse((50, 50, 250, 250), outline="black", width=8)
    picture.save(tmp_path / "a.pdf")
    assert view(tmp_path / "a.pdf")[16, 16].tolist() == [255, 255, 255]
