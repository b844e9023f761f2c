"""What a method is trained and measured on by `benchmarks.two_domains`."""

from toy_files import make_collection

from benchmarks.two_domains import copy_shared
from opensearch.domains.collections.catalog import read_collection


def test_categories_that_both_have_train_files_of_are_copied(tmp_path):
    toys = make_collection(tmp_path / "c", train=2)
    lines = (toys / "split.csv").read_text().splitlines()
    kept = [line for line in lines if "shape/disc" not in line]
    (toys / "split.csv").write_text("\n".join(kept) + "\n")
    out = tmp_path / "out"
    copy_shared(read_collection(toys), ("sketch", "shape"), ("train", "test"), out)
    found = read_collection(out)
    assert {s.domain for s in found} == {"sketch", "shape"}
    assert {s.category for s in found} == {"cube", "pyramid"}  # bar has no train files
    assert {s.split for s in found} == {"train", "test"}
    assert len(found) == 2 * 2 * (2 + 3)
