"""What of a collection may be trained on."""

import re

import pytest

from opensearch.domains.collections.catalog import find_sources, read_collection
from opensearch.errors import InvalidInput
from opensearch.training.collection import training_part


def lay_out(root, *keys):
    for key in keys:
        (root / key).parent.mkdir(parents=True, exist_ok=True)
        (root / key).write_bytes(b"-")
    return root


def declare(root, *rows):
    """A split.csv of (path, domain, category, split); the files exist."""
    lay_out(root, *(row[0] for row in rows))
    lines = ["path,domain,category,split", *(",".join(row) for row in rows)]
    (root / "split.csv").write_text("\n".join(lines))
    return root


def keys(part):
    return {name: [source.key for source in sources] for name, sources in part.domains.items()}


def test_without_splits_all_is_training(tmp_path):
    root = lay_out(tmp_path, "photo/cup/1.jpg", "sketch/cup/1.png", "photo/dog/1.jpg", "x.jpg")
    part = training_part([root])
    assert keys(part) == {
        "photo": ["photo/cup/1.jpg", "photo/dog/1.jpg"],
        "sketch": ["sketch/cup/1.png"],
    }
    assert part.categories == ["cup", "dog"]
    assert part.unseen == []


def test_only_the_train_split_is_taken(tmp_path):
    root = declare(
        tmp_path,
        ("a.jpg", "photo", "cup", "train"),
        ("b.jpg", "photo", "cup", "test"),
        ("c.jpg", "photo", "cup", "val"),
        ("d.jpg", "photo", "cup", ""),
        ("e.jpg", "", "cup", "train"),
        ("f.jpg", "photo", "", "train"),
    )
    assert keys(training_part([root])) == {"photo": ["a.jpg", "d.jpg"]}


def test_unseen_in_one_collection_is_left_out_of_all(tmp_path):
    one = declare(
        tmp_path / "one",
        ("a.jpg", "photo", "Alarm Clock", "unseen"),
        ("b.jpg", "photo", "cup", "train"),
    )
    two = lay_out(tmp_path / "two", "sketch/alarm_clock/1.png", "sketch/cup/1.png")
    for folders in ([one, two], [two, one]):
        part = training_part(folders)
        assert part.categories == ["cup"]
        assert part.unseen == ["alarm clock"]
        assert keys(part) == {"photo": ["b.jpg"], "sketch": ["sketch/cup/1.png"]}


def test_unseen_counts_in_the_domains_that_are_not_trained_too(tmp_path):
    root = declare(
        tmp_path,
        ("a.jpg", "photo", "cup", "unseen"),
        ("b.png", "sketch", "cup", "train"),
        ("c.png", "sketch", "dog", "train"),
    )
    assert keys(training_part([root], "sketch")) == {"sketch": ["c.png"]}


def test_a_category_is_spelt_one_way(tmp_path):
    root = lay_out(tmp_path, "photo/Alarm-Clock/1.jpg", "sketch/alarm_clock/1.png")
    part = training_part([root])
    assert part.categories == ["Alarm-Clock"]
    assert len(part.domains) == 2


def test_keeping_categories_drops_emptied_domains(tmp_path):
    root = lay_out(tmp_path, "photo/cup/1.jpg", "photo/dog/1.jpg", "sketch/cup/1.png")
    assert keys(training_part([root]).keep({"dog"})) == {"photo": ["photo/dog/1.jpg"]}


def test_a_domain_alone(tmp_path):
    root = lay_out(tmp_path, "photo/cup/1.jpg", "sketch/cup/1.png")
    assert list(training_part([root], "sketch").domains) == ["sketch"]
    with pytest.raises(InvalidInput, match="of domains photo, sketch; 'shape' was asked for"):
        training_part([root], "shape")


def test_nothing_to_train_on_says_what_there_is_and_the_way_out(tmp_path):
    flat = lay_out(tmp_path / "flat", "photo/1.jpg", "2.jpg")
    wanted = r"2 files, 0 with a domain and a category\. Lay them out as DIR/<domain>/<category>"
    with pytest.raises(InvalidInput, match=wanted):
        training_part([flat])
    tested = declare(tmp_path / "tested", ("a.jpg", "photo", "cup", "training"))
    with pytest.raises(InvalidInput, match="of splits training; `train` is wanted"):
        training_part([tested])
    with pytest.raises(InvalidInput, match="a collection is a folder"):
        training_part([tmp_path / "nowhere"])


@pytest.mark.parametrize("name", ["../x", "a/b", "-x", "foto grün", "a b", "..", "/etc"])
def test_a_name_no_domain_can_have_is_refused(tmp_path, name):
    root = declare(tmp_path, ("a.jpg", name, "cup", "train"))
    with pytest.raises(InvalidInput, match=re.escape(f"{name!r} cannot name a domain")):
        training_part([root])


def test_a_folder_no_domain_can_be_called_is_refused_unless_left_out(tmp_path):
    root = lay_out(tmp_path, "line drawings/cup/1.png", "photo/cup/1.jpg")
    with pytest.raises(InvalidInput, match=r"'line drawings' cannot name a domain.*rename"):
        training_part([root])
    assert list(training_part([root], "photo").domains) == ["photo"]


def test_any_first_folder_is_a_domain_in_training_and_none_in_indexing(tmp_path):
    """Known words mean the domain, whatever their case; others stand for themselves."""
    root = lay_out(
        tmp_path, "engraving/cup/1.png", "Photos/cup/2.jpg", "CAD/cup/deep/3.off", "x/4.png"
    )
    found = {source.key: (source.domain, source.category) for source in read_collection(root)}
    assert found == {
        "engraving/cup/1.png": ("engraving", "cup"),
        "Photos/cup/2.jpg": ("photo", "cup"),
        "CAD/cup/deep/3.off": ("CAD", "cup"),
        "x/4.png": (None, None),
    }
    indexed = {source.key: source.domain for source in find_sources(root)}
    assert indexed["engraving/cup/1.png"] is None
    assert indexed["Photos/cup/2.jpg"] == "photo"


def test_drawings_bring_their_category(tmp_path):
    root = lay_out(tmp_path, "quickdraw/all.ndjson")
    (root / "quickdraw" / "all.ndjson").write_text('{"word": "cup", "drawing": [[[0], [1]]]}\n')
    (source,) = read_collection(root)
    assert (source.domain, source.category, source.part) == ("quickdraw", "cup", 1)


def test_a_manifest_says_all_and_folders_nothing(tmp_path):
    root = lay_out(tmp_path, "engraving/cup/1.png")
    (root / "split.csv").write_text("path,category\nengraving/cup/1.png,mug\n")
    (source,) = read_collection(root)
    assert (source.domain, source.category) == (None, "mug")


def test_files_are_omitted_by_pattern_and_domains_renamed_by_collection(tmp_path):
    icons = lay_out(tmp_path / "icons", "sketch/cup/open-1.png", "sketch/cup/free-1.png")
    other = lay_out(tmp_path / "other", "sketch/cup/1.png")
    part = training_part(
        [icons, other], omit=["open-*"], rename={"icons": {"sketch": "icon"}, "elsewhere": {}}
    )
    assert keys(part) == {"icon": ["sketch/cup/free-1.png"], "sketch": ["sketch/cup/1.png"]}
