"""The cut never starts from weights that have seen what it leaves out."""

from click.testing import CliRunner

from benchmarks.starter_cut import main


def test_the_shipped_backbone_is_refused_before_anything_is_read(tmp_path):
    given = [str(tmp_path), str(tmp_path / "out"), "--set", "backbone.weights=starter"]
    ran = CliRunner().invoke(main, given)
    assert ran.exit_code == 2
    assert "the shipped backbone has seen what a draw leaves out" in ran.output
    assert "--set backbone.weights=efficientnet-lite2-9656183e.pth" in ran.output
    assert not (tmp_path / "out").exists()
