"""Items that are no files: bytes, pictures, arrays and meshes under keys of the caller's."""

import io
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from opensearch.domains import READERS
from opensearch.engine import Engine
from opensearch.errors import InvalidInput, UnreadableFile
from opensearch.model import Content, Mesh

GOLDEN = Path(__file__).parents[1] / "golden" / "model"
TETRAHEDRON = Mesh(
    np.array([[0, 0, 0], [1, 0, 0], [0, 2, 0], [0, 0, 3.0]]),
    np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]]),
)


@pytest.fixture
def engine(tmp_path):
    with Engine.create(tmp_path / "index", GOLDEN) as made:
        yield made


def picture(seed=0):
    return np.random.default_rng(seed).integers(0, 256, (30, 40, 3), np.uint8)


def jpeg(seed=0):
    buffer = io.BytesIO()
    Image.fromarray(picture(seed)).save(buffer, "JPEG")
    return buffer.getvalue()


def books(report):
    assert report.closes
    return (report.added, report.replaced, report.unchanged, report.failed)


def stored(engine):
    return {item.key: item for item in engine.records()}


def test_each_form_is_stored_under_its_key_and_found_by_itself(engine):
    forms = {
        "array": picture(1),
        "grey": picture(2)[..., 0],
        "bytes": jpeg(3),
        "buffer": io.BytesIO(jpeg(4)),
        "pillow": Image.fromarray(picture(5)),
    }
    report = engine.add_items(list(forms.values()), list(forms), domain="photo")
    assert books(report) == (5, 0, 0, 0)
    forms["buffer"] = jpeg(4)
    for key, form in forms.items():
        hit = engine.search(form, source="photo", k=1, refine=False)[0]
        assert (hit.key, hit.distance, hit.path) == (key, 0, "")
        assert engine.thumbnail(hit.id).startswith(b"\xff\xd8")
    assert engine.verify() == []


def test_a_picture_and_its_file_have_one_code(engine, tmp_path):
    Image.fromarray(picture()).save(tmp_path / "a.png")
    inputs = [picture(), tmp_path / "a.png", (tmp_path / "a.png").read_bytes()]
    engine.add_items(inputs, ["array", "file", "bytes"], domain="photo")
    hits = engine.search(picture(), source="photo", refine=False)
    assert [hit.distance for hit in hits] == [0, 0, 0]
    assert {hit.key: hit.path for hit in hits}["file"] == str(tmp_path / "a.png")


def test_category_metadata_domain_and_axis_are_kept(engine):
    engine.add_items([TETRAHEDRON], ["t"], None, [{"year": 2001}], ["pyramid"], up="z")
    item = stored(engine)["t"]
    assert (item.domain, item.category) == ("shape", "pyramid")
    assert item.metadata == {"year": 2001, "up": "z"}
    assert engine.search(TETRAHEDRON, up="z", where="year = 2001", k=1)[0].distance == 0
    engine.add_items([picture()], ["p"], "photo", up="z")
    assert stored(engine)["p"].metadata == {}, "a picture has no axis"


def test_the_same_content_is_not_read_again_and_other_content_replaces(engine, monkeypatch):
    inputs, keys = [picture(1), TETRAHEDRON, jpeg(2)], ["a", "b", "c"]
    engine.add_items(inputs, keys, up="y")
    before = stored(engine)
    with monkeypatch.context() as patch:
        patch.setattr(type(engine.model), "opened", lambda *_: pytest.fail("read again"))
        assert books(engine.add_items(inputs, keys)) == (0, 0, 3, 0)
    assert stored(engine) == before, "the axis that was said is remembered"
    report = engine.add_items([picture(9), TETRAHEDRON, jpeg(2)], keys, up="x")
    assert books(report) == (0, 2, 1, 0)
    assert stored(engine)["b"].metadata == {"up": "x"}
    assert stored(engine)["c"] == before["c"]
    assert engine.verify() == []


def test_what_is_said_anew_of_the_same_content_is_kept(engine):
    engine.add_items([picture()], ["a"], "photo", [{"n": 1}], ["cup"])
    before = stored(engine)["a"]
    report = engine.add_items([picture()], ["a"], "photo", [{"n": 2}], ["mug"])
    assert (report.unchanged, report.relabelled) == (1, 1)
    after = stored(engine)["a"]
    assert (after.id, after.category, after.metadata) == (before.id, "mug", {"n": 2})
    assert [hit.key for hit in engine.search(picture(), where="category = mug")] == ["a"]


def test_what_a_photo_says_of_itself_stays_and_another_domain_replaces(engine):
    buffer, exif = io.BytesIO(), Image.Exif()
    exif[0x0110] = "Box"
    drawn = Image.new("RGB", (90, 90), "white")
    drawn.paste("black", (20, 20, 70, 24))
    drawn.save(buffer, "JPEG", exif=exif)
    for _ in range(2):
        engine.add_items([buffer.getvalue()], ["a"], "photo", [{"n": 1}])
        assert stored(engine)["a"].metadata == {"camera": "Box", "n": 1}
    assert books(engine.add_items([buffer.getvalue()], ["a"], "sketch")) == (0, 1, 0, 0)
    assert stored(engine)["a"].domain == "sketch"


def test_another_drawing_of_the_same_strokes_is_another_content(engine):
    lines = b'{"drawing": [[[0, 9], [0, 9]]]}\n{"drawing": [[[0, 9], [9, 0]]]}\n'
    engine.add_items([Content(lines, "s.ndjson#1")], ["a"])
    assert books(engine.add_items([Content(lines, "s.ndjson#2")], ["a"])) == (0, 1, 0, 0)
    assert books(engine.add_items([Content(lines, "s.ndjson#2")], ["a"])) == (0, 0, 1, 0)


def test_pruning_and_folders_leave_them_alone(engine, tmp_path, monkeypatch):
    folder = tmp_path / "files"
    (folder / "photo").mkdir(parents=True)
    Image.fromarray(picture(1)).save(folder / "photo" / "a.png")
    engine.add_items([picture(2), (folder / "photo" / "a.png").read_bytes()], ["photo/a.png", "b"])
    monkeypatch.chdir(tmp_path)  # Path("") is this folder, which must not be taken for a file
    assert engine.add(folder, prune="force").added == 1
    assert engine.add(folder, prune="force").unchanged == 1
    assert set(stored(engine)) == {"photo/a.png", "b", "files/photo/a.png"}
    (folder / "photo" / "a.png").unlink()
    report = engine.add(folder, tmp_path / "files", prune="force")
    assert report.removed == 1
    assert set(stored(engine)) == {"photo/a.png", "b"}
    assert engine.add(folder, prune=True, dry_run=True).removed == 0
    assert engine.remove(["b"]) == 1
    assert engine.verify() == []


def test_an_older_reader_is_told_and_they_are_read_again_when_given_again(
    engine, tmp_path, monkeypatch
):
    engine.add_items([picture(1), picture(2)], ["a", "b"], domain="photo")
    monkeypatch.setitem(READERS, "image", replace(READERS["image"], version=99))
    assert engine.info()["older_readers"] == 2
    (tmp_path / "empty").mkdir()
    assert engine.add(tmp_path / "empty", reread=True).reread == 0
    assert books(engine.add_items([picture(1)], ["a"])) == (0, 0, 1, 0)
    report = engine.add_items([picture(1)], ["a"], reread=True)
    assert (books(report), report.reread) == ((0, 1, 0, 0), 1)
    assert engine.info()["older_readers"] == 1


def test_export_import_compaction_and_copies_keep_them(engine, tmp_path):
    engine.add_items([picture(1), TETRAHEDRON], ["a", "b"], None, [{"n": 1}, {}], [None, "t"])
    before = {key: (item.digest, item.metadata) for key, item in stored(engine).items()}
    engine.export_to(tmp_path / "out")
    with Engine.open_for(tmp_path / "out", tmp_path / "other", GOLDEN) as other:
        other.import_from(tmp_path / "out")
        other.compact()
        assert {k: (i.digest, i.metadata) for k, i in stored(other).items()} == before
        assert books(other.add_items([picture(1), TETRAHEDRON], ["a", "b"])) == (0, 0, 2, 0)
        assert other.verify() == []


def test_bad_ones_among_good_are_named_by_their_keys(engine):
    inputs = [picture(), b"no picture", b"", Content(b"x", "a.xyz"), np.zeros((0, 9), np.uint8)]
    keys = ["good", "noise", "empty", "kind", "none"]
    report = engine.add_items(inputs, keys)
    assert books(report) == (1, 0, 0, 4)
    reasons = {failure.path: failure.reason for failure in report.failures}
    assert set(reasons) == set(keys[1:])
    assert "is empty" in reasons["empty"]
    assert "'.xyz'" in reasons["kind"]
    with pytest.raises(UnreadableFile, match=r"^noise: "):
        engine.add_items(inputs[1:2], keys[1:2], strict=True)
    assert set(stored(engine)) == {"good"}


def test_metadata_are_what_json_can_say_and_numbers_of_numpy_are_made_plain(engine):
    said = [{"x": np.float64(0.5), "n": np.int64(2)}, {"x": float("nan")}, {"x": b"a"}]
    pictures = [picture(), picture()[::-1], picture()[:, ::-1]]
    report = engine.add_items(pictures, ["good", "nan", "bytes"], "photo", said)
    assert stored(engine)["good"].metadata == {"x": 0.5, "n": 2}
    assert [failure.path for failure in report.failures] == ["nan", "bytes"]
    assert all("metadata must be JSON values" in each.reason for each in report.failures)


def nested(depth):
    """A list in a list, `depth` of them."""
    value = 1
    for _ in range(depth):
        value = [value]
    return value


def test_numbers_of_numpy_are_made_plain_however_deep_they_lie(engine):
    given = {
        "list": [np.int64(3), [np.float32(0.5)]],
        "dict": {"a": {"b": np.bool_(True)}},
        "tuple": (1, (np.uint8(2), "text")),
        "deep": [[[np.int16(7)]]],
    }
    plain = {
        "list": [3, [0.5]],
        "dict": {"a": {"b": True}},
        "tuple": [1, [2, "text"]],
        "deep": [[[7]]],
    }
    engine.add_items([picture()], ["a"], "photo", [given])
    assert stored(engine)["a"].metadata == plain
    assert type(given["list"][0]) is np.int64, "what was given stays as it is"
    engine.relabel("a", None, {"again": given})
    assert stored(engine)["a"].metadata == {"again": plain}


def test_metadata_are_nested_to_a_bound_that_is_told(engine):
    deepest = {"a": nested(500)}
    engine.add_items([picture()], ["a"], "photo", [deepest])
    assert stored(engine)["a"].metadata == deepest
    itself = []
    itself.append(itself)
    for value in (nested(501), nested(10_000), {"a": nested(500)}, itself):
        with pytest.raises(InvalidInput, match="lists and dicts at most 500 deep in each other"):
            engine.add_items([picture()], ["b"], "photo", [{"a": value}])
    assert set(stored(engine)) == {"a"}


def test_whole_numbers_are_kept_in_64_bits(engine):
    kept = {"most": 2**64 - 1, "least": -(2**63), "in": [2**64 - 1]}
    engine.add_items([picture()], ["a"], "photo", [kept])
    assert stored(engine)["a"].metadata == kept
    for value in (2**64, -(2**63) - 1, [2**64], {"b": 10**5000}):
        report = engine.add_items([picture()[::-1]], ["b"], "photo", [{"a": value}])
        (failure,) = report.failures
        assert "a whole number outside of -2**63 to 2**64 - 1; write it as text" in failure.reason


def test_progress_and_guesses_are_told(engine):
    seen = []
    report = engine.add_items(
        [picture(1), picture(2)], ["a", "b"], progress=lambda *pair: seen.append(pair)
    )
    assert seen == [(1, 2), (2, 2)]
    assert (report.seen, report.guessed) == (2, 0)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"keys": ["a"]}, "there must be as many keys as inputs: 2, got 1"),
        ({"keys": ["a", "a"]}, "keys must all be different, got 'a' twice"),
        ({"keys": ["a", ""]}, "an item needs a key, got an empty one"),
        ({"keys": "ab"}, r"keys must be a list of texts, as in \['ab'\]"),
        ({"metadata": [{}]}, "as many metadata as inputs: 2, got 1"),
        ({"categories": ["x"]}, "as many categories as inputs: 2, got 1"),
        ({"domain": "cartoon"}, "no domain 'cartoon'"),
        ({"inputs": [picture(), "nowhere.png"]}, "nothing has this name"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_stored(engine, arguments, said):
    given = {"inputs": [picture(1), picture(2)], "keys": ["a", "b"], **arguments}
    with pytest.raises(InvalidInput, match=said):
        engine.add_items(**given)
    assert stored(engine) == {}


def test_a_file_given_with_a_key_keeps_it_when_its_folder_is_added(engine, tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    Image.fromarray(picture(1)).save(folder / "a.png")
    engine.add_items([folder / "a.png"], ["mine"], domain="photo")
    assert engine.add(folder, domain="photo").unchanged == 1
    assert set(stored(engine)) == {"mine"}
    shutil.move(folder / "a.png", folder / "b.png")
    report = engine.add(folder, domain="photo")
    assert report.moved == 1
    assert stored(engine)["b.png"].path == str(folder / "b.png")
