"""A collection is split by category for unseen and by item for tests, once and for good."""

import json
from collections import Counter

import pytest
from click.testing import CliRunner

from opensearch.cli import main
from opensearch.domains.collections.catalog import read_collection
from opensearch.domains.collections.splitting import split_collection
from opensearch.errors import InvalidInput

CATEGORIES = ["Stühle", "cup, saucer", 'a "b"', "hat", "vase"]


@pytest.fixture
def collection(tmp_path):
    """Ten files a domain and category; vase is in one domain alone."""
    for domain in ("photo", "sketch"):
        for category in CATEGORIES[: 5 if domain == "photo" else 4]:
            folder = tmp_path / "c" / domain / category
            folder.mkdir(parents=True)
            for at in range(10):
                (folder / f"{at} é.png").write_bytes(f"{domain}{category}{at}".encode())
    return tmp_path / "c"


def table(root):
    return {source.key: (source.category, source.split) for source in read_collection(root)}


def test_what_is_written_is_read_back(collection):
    made = split_collection(collection, test=0.2, unseen=0.2, seed=3)
    read = table(collection)
    assert read == {key: (category, split) for key, _, category, split in made.rows}
    assert len(read) == 90
    (unseen,) = made.unseen
    assert unseen != "vase", "it is not in every domain"
    for category in CATEGORIES:
        splits = Counter(split for name, split in read.values() if name == category)
        share = 1 if category == "vase" else 2
        expected = {"unseen": 20} if category == unseen else {"train": 8 * share, "test": 2 * share}
        assert splits == expected


def test_a_seed_draws_the_same_and_another_differs(collection):
    def drawn(seed):
        return split_collection(collection, seed=seed, write=False)

    assert drawn(1) == drawn(1)
    assert len({json.dumps(drawn(seed).rows) for seed in range(5)}) > 1
    assert not (collection / "split.csv").exists()


def test_copies_stay_together_and_one_item_at_least_is_for_training(collection):
    for path in (collection / "photo" / "hat").iterdir():
        path.write_bytes(b"one and the same")
    made = split_collection(collection, test=0.9, categories=["vase"])
    splits = Counter((d, c, s) for _, d, c, s in made.rows)
    assert splits["photo", "hat", "train"] == 10
    assert splits["sketch", "hat", "train"] == 1
    assert splits["photo", "vase", "unseen"] == 10
    assert made.unseen == ["vase"]


def copied(collection, *names):
    for name in names:
        (collection / name).write_bytes(b"one content")


def test_copies_in_several_categories_and_domains_are_on_one_side(collection):
    names = [f"photo/hat/{at} é.png" for at in range(3)]
    names += [f"{domain}/cup, saucer/0 é.png" for domain in ("photo", "sketch")]
    copied(collection, *names)
    sides = set()
    for seed in range(20):
        made = split_collection(collection, test=0.5, categories=["vase"], seed=seed, write=False)
        found = {key: split for key, _, _, split in made.rows}
        assert len({found[name] for name in names}) == 1, "some are trained on, some test"
        assert made.notes == []
        counts = Counter((domain, category, split) for _, domain, category, split in made.rows)
        tests = {group[:2]: n for group, n in counts.items() if group[2] == "test"}
        assert len(tests) == 8
        assert all(3 <= count <= 5 for count in tests.values())
        sides.add(found[names[0]])
    assert sides == {"train", "test"}


def test_what_is_a_copy_of_an_unseen_file_is_never_trained_on(collection):
    copied(collection, "photo/vase/0 é.png", "photo/hat/1 é.png", "sketch/cup, saucer/2 é.png")
    for share in (0, 0.2):
        made = split_collection(collection, test=share, categories=["vase"], write=False)
        found = {key: split for key, _, _, split in made.rows}
        assert found["photo/vase/0 é.png"] == "unseen"
        assert found["photo/hat/1 é.png"] == found["sketch/cup, saucer/2 é.png"] == "test"
        splits = Counter((d, c) for _, d, c, s in made.rows if s == "test")
        assert splits["photo", "hat"] == max(1, 10 * share), "it counts as one of the tests"
        assert made.notes == [
            "files in other categories with copies in unseen ones are for tests, so that nothing"
            " unseen is trained on: 2"
        ]


def test_where_all_else_copies_the_unseen_nothing_is_left_to_train_on(collection):
    copied(collection, *(str(path.relative_to(collection)) for path in collection.rglob("*.png")))
    with pytest.raises(InvalidInput, match="nothing is left to train on: every file outside"):
        split_collection(collection, categories=["vase"])
    assert not (collection / "split.csv").exists()


def test_only_files_of_one_size_are_read(collection, monkeypatch):
    read = []
    monkeypatch.setattr(
        "opensearch.domains.collections.train_test.digest",
        lambda source: read.append(source.key) or source.key,
    )
    (collection / "photo/hat/0 é.png").write_bytes(b"of a size of its own" * 9)
    split_collection(collection, write=False)
    assert len(read) == 89


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"test": 1.5}, "`test` is a share from 0 to .9, got 1.5"),
        ({"unseen": float("nan")}, "`unseen` is a share"),
        ({"categories": ["hatt"]}, "no category 'hatt'; did you mean 'hat'?"),
        ({"categories": ["hat,hut"]}, "one by one: `categories=['hat', 'hut']`"),
        ({"categories": CATEGORIES}, "every category would be unseen"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_written(collection, asked, said):
    with pytest.raises(InvalidInput) as refused:
        split_collection(collection, **asked)
    assert said in str(refused.value)
    assert not (collection / "split.csv").exists()


@pytest.mark.parametrize("name", ["split.csv", "manifest.jsonl"])
def test_a_manifest_that_is_there_is_never_replaced(collection, name):
    (collection / name).write_text("path\n")
    with pytest.raises(InvalidInput, match=f"{name} already says what each file is for"):
        split_collection(collection)
    assert (collection / name).read_text() == "path\n"


def test_a_folder_without_categories_is_refused(tmp_path):
    (tmp_path / "a.png").touch()
    with pytest.raises(InvalidInput, match="has no categories"):
        split_collection(tmp_path)


def run(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


def test_the_verb_prints_counts_and_says_errors_in_its_options(collection):
    dry = run("dataset", "split", collection, "--unseen", 0, "--dry-run")
    assert dry.stdout.splitlines() == [
        "train        72  (40 photo, 32 sketch)",
        "test         18  (10 photo, 8 sketch)",
        "unseen categories: none",
    ]
    assert json.loads(run("dataset", "split", collection, "--json").stdout)["counts"]["unseen"]
    again = run("dataset", "split", collection)
    assert again.exit_code == 2
    assert "split.csv already says" in again.stderr
    assert "Did you mean 'split'" in run("dataset", "spilt", collection).stderr


def test_evaluate_says_how_the_split_that_it_wants_is_made(collection, toy_model):
    words = ["evaluate", toy_model, "--data", collection, "--bits", 16]
    refused = run(*words)
    assert refused.exit_code == 2
    assert "opensearch dataset split DIR makes one, or leave --bits out" in refused.stderr


def test_a_share_of_categories_goes_without_names(collection):
    """With names none are drawn, so a share beside them would go unheard."""
    asked = ("dataset", "split", collection, "--category", "vase", "--dry-run")
    refused = run(*asked, "--unseen", 0.5)
    assert refused.exit_code == 2
    assert "--unseen is the share of categories to draw at random" in refused.stderr
    assert run(*asked, "--json").exit_code == 0


def test_the_folder_of_a_domain_is_told_from_a_collection(collection):
    with pytest.raises(InvalidInput, match=r"; if photo is a domain, give the folder above it$"):
        split_collection(collection / "photo")
