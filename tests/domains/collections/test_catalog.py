import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensearch.domains.collections import catalog
from opensearch.domains.collections.catalog import (
    digest,
    find_sources,
    fingerprint,
    read_collection,
)
from opensearch.domains.collections.layout import declared
from opensearch.domains.collections.walk import Ignored
from opensearch.domains.drawings import strokes
from opensearch.errors import InvalidInput, OverLimit, UnreadableFile
from opensearch.limits import Limits
from opensearch.records import Failure, Source

DRAWING = '{"word":"cat","key_id":"7","drawing":[[[0,9],[0,9]]]}'


def make(root, *names, data=b"x"):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root


def of(kind, found):
    return [item for item in found if isinstance(item, kind)]


def sources(root, **options):
    return {item.key: item for item in of(Source, find_sources(root, **options))}


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("sketch/chair/1.png", ("sketch", "chair")),
        ("sketches/1.png", ("sketch", None)),
        ("Photos/cup/a/b/1.jpg", ("photo", "cup")),
        ("images/cup/1.jpg", ("photo", "cup")),
        ("meshes/cup/1.obj", ("shape", "cup")),
        ("art_painting/dog/1.jpg", ("art_painting", "dog")),
        ("holiday/rome/1.jpg", (None, None)),
        ("sketch.png", (None, None)),
        ("2024/sketch/1.png", (None, None)),
    ],
)
def test_the_first_folder_is_a_domain_only_when_its_name_is_one(key, expected):
    assert declared(key) == expected


def test_sources_carry_what_their_folders_declare(tmp_path):
    make(tmp_path, "photo/cup/1.JPG", "shape/cup/2.obj", "other/cup/3.png")
    found = sources(tmp_path)
    assert list(found) == ["other/cup/3.png", "photo/cup/1.JPG", "shape/cup/2.obj"]
    assert found["photo/cup/1.JPG"] == Source(
        tmp_path / "photo/cup/1.JPG", "photo/cup/1.JPG", domain="photo", category="cup"
    )
    assert found["other/cup/3.png"].domain is None


def test_a_given_domain_overrides_folders_but_not_categories(tmp_path):
    make(tmp_path, "photo/cup/1.jpg")
    found = sources(tmp_path, domain="cartoon")["photo/cup/1.jpg"]
    assert (found.domain, found.category) == ("cartoon", "cup")


NAMES = st.text("ab-.#é", min_size=1, max_size=6).filter(lambda name: name not in (".", ".."))


@given(st.sets(st.lists(NAMES, min_size=1, max_size=3).map("/".join), max_size=8))
def test_every_file_is_found_once_in_order_of_keys(tmp_path_factory, names):
    root = tmp_path_factory.mktemp("walk")
    written = set()
    for name in names:
        path = root / f"{name}.png"
        try:
            make(root, str(path.relative_to(root)))
        except OSError:
            continue  # a folder of one name where another wants a file
        written.add(path.relative_to(root).as_posix())
    found = list(find_sources(root))
    hidden = of(Ignored, found)
    keys = [item.key for item in of(Source, found)]
    assert keys == sorted(keys)
    assert set(keys) <= written
    assert bool(hidden) == (set(keys) != written)


def test_what_is_passed_over_is_said_with_suffix_and_reason(tmp_path):
    make(tmp_path, ".hidden.png", ".git/x.png", "a.txt", "b.OBJ", "b.mtl", "c.png", "noname")
    (tmp_path / "b.mtl").write_text(
        "newmtl x\nmap_Kd -s 1 1 1 skin.png\nmap_Bump deep\\rough.jpg\n"
    )
    make(tmp_path, "skin.png", "deep/rough.jpg", "deep/other.jpg")
    found = list(find_sources(tmp_path))
    reasons = {item.path.name: (item.suffix, item.reason) for item in of(Ignored, found)}
    assert reasons == {
        ".hidden.png": (".png", "hidden"),
        ".git": ("", "hidden folder"),
        "a.txt": (".txt", "unknown suffix"),
        "b.mtl": (".mtl", "material of a mesh"),
        "skin.png": (".png", "material of a mesh"),
        "rough.jpg": (".jpg", "material of a mesh"),
        "noname": ("", "unknown suffix"),
    }
    assert [s.key for s in of(Source, found)] == ["b.OBJ", "c.png", "deep/other.jpg"]


def test_images_and_buffers_of_a_gltf_are_its_material(tmp_path):
    make(tmp_path, "a.bin", "wood grain.png", "b.png")
    tree = '{"images":[{"uri":"wood%20grain.png"},{"bufferView":1}],"buffers":[{"uri":"a.bin"}]}'
    (tmp_path / "a.gltf").write_text(tree)
    make(tmp_path, "broken.gltf", data=b"[1, {")
    found = list(find_sources(tmp_path))
    assert [s.key for s in of(Source, found)] == ["a.gltf", "b.png", "broken.gltf"]
    assert {i.reason for i in of(Ignored, found)} == {"material of a mesh"}


def test_pictures_that_collada_and_usd_name_are_their_material(tmp_path):
    make(tmp_path, "house/wall 1.jpg", "house/door.jpg", "bark.png", "leaf.JPEG", "b.png")
    images = "<image><init_from>house/wall%201.jpg</init_from></image><image><init_from>\n"
    images += "file://house/door.jpg </init_from></image><init_from>../up.png</init_from>"
    images += "<image><init_from>" + " " * 100_000  # was looked through for ever
    (tmp_path / "a.dae").write_text(images)
    stage = "#usda 1.0\nasset a = @bark.png@\nasset b = @./leaf.JPEG@\nasset c = @b.usda@\n"
    (tmp_path / "c.usda").write_text(stage)
    found = list(find_sources(tmp_path))
    assert [s.key for s in of(Source, found)] == ["a.dae", "b.png", "c.usda"]
    assert {i.reason for i in of(Ignored, found)} == {"material of a mesh"}


def test_a_file_named_directly_is_a_source_or_a_failure(tmp_path):
    make(tmp_path, "a.png", "a.txt", ".b.png")
    assert list(sources(tmp_path / "a.png")) == ["a.png"]
    assert list(sources(tmp_path / ".b.png")) == [".b.png"]
    [failure] = find_sources(tmp_path / "a.txt")
    assert isinstance(failure, Failure)
    assert "'.txt'; known are " in failure.reason


def test_a_pipe_or_device_named_directly_is_told_as_one(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    for odd in (tmp_path / "a.png", Path("/dev/null")):
        (found,) = find_sources(odd)
        assert isinstance(found, Failure)
        assert found.reason == "is no file or folder, but a device, pipe or socket"


def test_a_listed_drawing_file_that_is_a_pipe_is_not_waited_for(tmp_path):
    make(tmp_path, "a.png")
    os.mkfifo(tmp_path / "pipe.ndjson")
    assert list(sources(tmp_path)) == ["a.png", "pipe.ndjson"], "its reader says what it is"


@pytest.mark.parametrize("name", ["pipe.png", "pipe.obj", "pipe.ndjson"])
def test_what_is_no_file_is_no_item_to_train_on(tmp_path, name):
    root = make(tmp_path, "photo/a/1.png", "photo/a/2.png", "photo/a/3.png", "photo/a/4.png")
    os.mkfifo(root / "photo/a" / name)
    (root / "photo/a" / f"link-{name}").symlink_to(name)
    (root / "photo/a/gone.png").symlink_to("nowhere.png")
    failures = []
    read = read_collection(root, failures.append)
    assert [item.key for item in read] == [f"photo/a/{number}.png" for number in range(1, 5)]
    odd = "is no file or folder, but a device, pipe or socket"
    nothing = f"is a link that leads to nothing: there is no {str(root / 'photo/a/nowhere.png')!r}"
    assert {Path(failure.path).name: failure.reason for failure in failures} == {
        name: odd,
        f"link-{name}": odd,
        "gone.png": nothing,
    }
    with pytest.raises(InvalidInput, match=f"photo/a/gone.png {nothing}"):
        read_collection(root)


def test_links_to_folders_are_not_followed_twice_and_links_outside_refused(tmp_path):
    root = make(tmp_path / "in", "a.png")
    make(tmp_path, "secret.png")
    (root / "loop").symlink_to(root, target_is_directory=True)
    (root / "out.png").symlink_to(tmp_path / "secret.png")
    (root / "same.png").symlink_to(root / "a.png")
    (root / "gone.png").symlink_to(root / "nowhere.png")
    found = list(find_sources(root))
    assert [item.reason for item in of(Ignored, found)] == ["link to what is read elsewhere"]
    assert [Path(item.path).name for item in of(Failure, found)] == ["out.png"]
    assert [item.key for item in of(Source, found)] == ["a.png", "gone.png", "same.png"]


def test_a_folder_that_cannot_be_listed_is_a_failure_and_the_rest_goes_on(tmp_path, monkeypatch):
    make(tmp_path, "a/1.png", "b/2.png", "c/3.png")
    scandir = os.scandir

    def vanishing(path):
        if Path(path).name == "b":
            raise FileNotFoundError(2, "No such file or directory")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", vanishing)
    found = list(find_sources(tmp_path))
    assert [item.key for item in of(Source, found)] == ["a/1.png", "c/3.png"]
    [failure] = of(Failure, found)
    assert failure == Failure(str(tmp_path / "b"), "cannot be listed: No such file or directory")


def test_a_root_that_is_missing_is_a_failure(tmp_path):
    [failure] = find_sources(tmp_path / "nowhere")
    assert isinstance(failure, Failure)
    assert "cannot be listed" in failure.reason


def test_names_that_are_not_utf8_fail_by_an_escaped_name_and_others_work(tmp_path):
    make(tmp_path, "стул/ü.png")
    with open(os.fsencode(tmp_path) + b"/bad\xff.png", "wb") as file:
        file.write(b"x")
    found = list(find_sources(tmp_path))
    assert [item.key for item in of(Source, found)] == ["стул/ü.png"]
    [failure] = of(Failure, found)
    assert failure.path.endswith("bad\\xff.png")
    failure.path.encode("utf-8")


def test_a_stroke_file_gives_a_source_a_drawing(tmp_path):
    lines = [DRAWING, "", "not json", DRAWING.replace("cat", "dog")]
    (tmp_path / "many.ndjson").write_text("\n".join(lines) + "\n")
    found = list(sources(tmp_path).values())
    assert [item.key for item in found] == ["many.ndjson#1", "many.ndjson#3", "many.ndjson#4"]
    assert [item.part for item in found] == [1, 3, 4]
    assert [item.category for item in found] == ["cat", None, "dog"]
    assert found[0].metadata == {"key_id": "7"}


def test_empty_lines_are_passed_over_unread(tmp_path, monkeypatch):
    """Each was opened: a file of a million took a minute to be listed."""
    (tmp_path / "a.ndjson").write_bytes(b"\n" * 1_000_000 + DRAWING.encode() + b"\n\n")
    opened = []
    monkeypatch.setattr(
        catalog, "read_line", lambda path, part, limits: opened.append(part) or DRAWING.encode()
    )
    assert list(sources(tmp_path)) == ["a.ndjson#1000001"]
    assert opened == [1_000_001]


def test_a_file_of_more_lines_than_drawings_can_have_is_one_that_cannot_be_read(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(strokes, "_MOST_LINES", 3)
    (tmp_path / "a.ndjson").write_bytes(b"\n" * 4)
    assert list(sources(tmp_path)) == ["a.ndjson"]
    with pytest.raises(OverLimit, match="has over 3 lines"):
        strokes.read_strokes(tmp_path / "a.ndjson", None, Limits())


def test_fingerprint_and_digest_follow_the_bytes(tmp_path):
    path = make(tmp_path, "a.png", data=b"abc") / "a.png"
    assert fingerprint(path) == (3, path.stat().st_mtime_ns)
    expected = hashlib.blake2b(b"abc", digest_size=16).digest()
    assert digest(Source(path, "a.png")) == expected
    for ask in (lambda p: fingerprint(p), lambda p: digest(Source(p, "k"))):
        with pytest.raises(UnreadableFile, match=r"none\.png"):
            ask(tmp_path / "none.png")


def test_the_digest_of_a_drawing_is_of_its_line_alone(tmp_path):
    path = tmp_path / "a.ndjson"
    path.write_text(f"{DRAWING}\n{{}}\n")
    first = digest(Source(path, "a.ndjson#1", part=1))
    assert first == hashlib.blake2b(DRAWING.encode(), digest_size=16).digest()
    path.write_text(f"{DRAWING}\n{DRAWING}\n\n")
    assert digest(Source(path, "a.ndjson#1", part=1)) == first
    assert digest(Source(path, "a.ndjson#2", part=2)) == first
    with pytest.raises(UnreadableFile, match="there is no line 9"):
        digest(Source(path, "a.ndjson#9", part=9))


def test_a_collection_is_read_whole_or_refused(tmp_path):
    make(tmp_path / "good", "photo/cup/1.jpg")
    assert [item.key for item in read_collection(tmp_path / "good")] == ["photo/cup/1.jpg"]
    with pytest.raises(InvalidInput, match="is a folder"):
        read_collection(tmp_path / "good/photo/cup/1.jpg")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidInput, match="holds no item: expected <domain>"):
        read_collection(tmp_path / "empty")
    (make(tmp_path / "bad", "a.png") / "split.csv").write_text("path\n../a.png\n")
    with pytest.raises(InvalidInput, match=r"split\.csv:2 names '\.\./a\.png'"):
        read_collection(tmp_path / "bad")
