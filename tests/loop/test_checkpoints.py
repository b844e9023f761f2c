"""The folder of a run: other settings, damage and leftovers."""

import json

import pytest
import torch
from safetensors.torch import save_file

from opensearch.errors import InvalidInput
from opensearch.loop.checkpoint import RunFolder

SETTINGS = {"config": {"loop": {"lr": 0.1, "epochs": 3}, "domains": {}}, "data": ["a"]}


def made(out, settings=SETTINGS):
    """A run with one checkpoint: (folder, module, optimiser)."""
    run = RunFolder(out, settings)
    module = torch.nn.Linear(3, 2)
    optimiser = torch.optim.SGD(module.parameters(), lr=0.1, momentum=0.9)
    module(torch.ones(1, 3)).sum().backward()
    optimiser.step()
    run.log({"epoch": 1})
    run.save("photo", 4, module, optimiser)
    return run, module, optimiser


def test_round_trip(tmp_path):
    run, module, optimiser = made(tmp_path)
    other = torch.nn.Linear(3, 2)
    empty = torch.optim.SGD(other.parameters(), lr=0.1, momentum=0.9)
    assert run.load("photo", other, empty) == 4
    assert run.load("sketch", other, empty) == 0
    pairs = zip(module.parameters(), other.parameters(), strict=True)
    for mine, its in pairs:
        assert torch.equal(mine, its)
        buffers = optimiser.state[mine]["momentum_buffer"], empty.state[its]["momentum_buffer"]
        assert torch.equal(*buffers)


def test_adaptive_optimisers_round_trip(tmp_path):
    """Moments and step counts of AdamW, every one of them."""
    run, module, _ = made(tmp_path)
    optimiser = torch.optim.AdamW(module.parameters())
    module(torch.ones(1, 3)).sum().backward()
    optimiser.step()
    run.save("photo", 5, module, optimiser)
    other = torch.nn.Linear(3, 2)
    empty = torch.optim.AdamW(other.parameters())
    assert run.load("photo", other, empty) == 5
    for mine, its in zip(module.parameters(), other.parameters(), strict=True):
        assert (
            set(empty.state[its]) == set(optimiser.state[mine]) == {"step", "exp_avg", "exp_avg_sq"}
        )
        assert all(torch.equal(empty.state[its][k], v) for k, v in optimiser.state[mine].items())


def test_a_checkpoint_of_the_first_layout_is_refused_by_name(tmp_path):
    """It kept one momentum a parameter, without the name of what it was."""
    run, module, optimiser = made(tmp_path)
    tensors = {f"m.{k}": v for k, v in module.state_dict().items()} | {"o.0": torch.zeros(2, 3)}
    file = tmp_path / "training" / "photo.safetensors"
    save_file(tensors, file, metadata={"step": "4", "metrics": "0"})
    with pytest.raises(InvalidInput, match="delete it to train this stage anew"):
        run.load("photo", module, optimiser)


def test_the_same_settings_go_on(tmp_path):
    made(tmp_path)
    RunFolder(tmp_path, json.loads(json.dumps(SETTINGS)))


def test_other_settings_are_refused_naming_what_changed(tmp_path):
    made(tmp_path)
    other = {"config": {"loop": {"lr": 0.2, "epochs": 3}, "domains": {"x": {"v": 1}}}, "data": []}
    with pytest.raises(InvalidInput) as caught:
        RunFolder(tmp_path, other)
    text = str(caught.value)
    assert "config.loop.lr from 0.1 to 0.2" in text
    assert "data from ['a'] to []" in text
    assert "config.domains.x.v from None to 1" in text
    assert "epochs" not in text
    assert text.endswith("choose another `out`, or delete that folder to train anew")


def test_a_setting_that_the_record_lacks_has_not_changed_at_its_default(tmp_path):
    """A record of an older version, which did not know the setting yet."""
    made(tmp_path)
    newer = {**SETTINGS, "class_names": {"share": 0.0, "near": 0.45}}
    given = {**SETTINGS, "class_names": {"share": 0.0}}
    with pytest.raises(InvalidInput, match=r"\(changed: class_names\.share from None to 0\.0\)"):
        RunFolder(tmp_path, newer, given)
    RunFolder(tmp_path, newer, SETTINGS)


def test_settings_may_change_before_the_first_checkpoint(tmp_path):
    RunFolder(tmp_path, SETTINGS)
    RunFolder(tmp_path, {"other": 1})
    assert json.loads((tmp_path / "training" / "run.json").read_text()) == {"other": 1}


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]"])
def test_a_damaged_record_does_not_pass_for_the_same_run(tmp_path, content):
    made(tmp_path)
    record = tmp_path / "training" / "run.json"
    record.unlink() if content is None else record.write_bytes(content)
    with pytest.raises(InvalidInput, match="choose another `out`"):
        RunFolder(tmp_path, SETTINGS)


def test_a_finished_model_of_others_is_never_written_over(tmp_path):
    (tmp_path / "model.json").write_text("{}")
    with pytest.raises(InvalidInput, match="holds a finished model; choose another `out`"):
        RunFolder(tmp_path, SETTINGS)
    assert [file.name for file in tmp_path.iterdir()] == ["model.json"]


@pytest.mark.parametrize("name", ["manifest.json", "photo", "thesis.tex"])
def test_a_folder_of_other_files_is_left_alone(tmp_path, name):
    """An index, a collection, anything."""
    (tmp_path / name).touch()
    with pytest.raises(InvalidInput, match="holds other files; a model needs an empty or new"):
        RunFolder(tmp_path, SETTINGS)
    assert [file.name for file in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("damage", ["empty", "half", "text", "other"])
def test_a_damaged_checkpoint_is_named_with_the_way_out(tmp_path, damage):
    run, module, optimiser = made(tmp_path)
    file = tmp_path / "training" / "photo.safetensors"
    content = file.read_bytes()
    if damage == "other":
        run.save("photo", 4, torch.nn.Linear(5, 5), optimiser)
    else:
        file.write_bytes({"empty": b"", "half": content[:-9], "text": b"hello" * 9}[damage])
    with pytest.raises(InvalidInput, match=r"photo\.safetensors is damaged .*delete it") as caught:
        run.load("photo", module, optimiser)
    assert "\n" not in str(caught.value)
    if damage != "other":
        with pytest.raises(InvalidInput, match=r"photo\.safetensors is damaged"):
            run.cut_metrics()


def test_a_checkpoint_without_its_step_is_damaged(tmp_path):
    from safetensors.torch import save_file

    run, module, optimiser = made(tmp_path)
    save_file(module.state_dict(), tmp_path / "training" / "photo.safetensors")
    with pytest.raises(InvalidInput, match="is damaged"):
        run.load("photo", module, optimiser)


def test_metrics_are_cut_to_the_last_checkpoint_and_never_grow(tmp_path):
    run, _, _ = made(tmp_path)
    run.log({"epoch": 2})
    with run.metrics.open("a") as out:
        out.write('{"epo')
    run.cut_metrics()
    assert run.metrics.read_text() == '{"epoch": 1}\n'
    run.metrics.write_text("{}\n")  # shorter than the checkpoint says: a power cut
    run.cut_metrics()
    assert run.metrics.read_text() == "{}\n"


def test_half_written_files_of_a_killed_run_are_removed(tmp_path):
    made(tmp_path)
    left = [tmp_path / ".trunk.1.tmp", tmp_path / "training" / ".photo.safetensors.1.tmp"]
    for file in left:
        file.write_bytes(b"half")
    RunFolder(tmp_path, SETTINGS)
    assert not any(file.exists() for file in left)


def test_a_folder_that_cannot_be_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInput, match="file cannot be written: "):
        RunFolder(tmp_path / "file", SETTINGS)
