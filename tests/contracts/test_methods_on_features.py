"""What every method that trains networks on frozen features keeps, with three domains too."""

import sys
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from toy_files import make_collection, toy_settings

from opensearch.encoders.bundle import Bundle
from opensearch.errors import InvalidInput
from opensearch.methods import METHODS, Training, train
from opensearch.methods.configs import load_train_config
from opensearch.methods.on_features import OnFeatures
from opensearch.model import Model

NAMES = [name for name, method in METHODS.items() if isinstance(method, OnFeatures)]
STEPS = {"cgn": ["teacher_steps"], "dca": ["metric_steps", "transform_steps"]}
"""Numbers of steps beside `steps`."""


@pytest.fixture(autouse=True, scope="module")
def one_thread_and_no_graphs() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "onnxscript", None)  # graphs are slow to make; others test them
        yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def toys(tmp_path_factory):
    return make_collection(tmp_path_factory.mktemp("three") / "c", train=4)


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


@pytest.fixture
def config(name, toys, tmp_path):
    """The method's config with few steps, and what else is given."""
    file = tmp_path / "mine.yaml"
    file.write_text(f"method: {name}\n")

    def loaded(*overrides):
        steps = ", ".join(f"{key}: 4" for key in ("steps", *STEPS.get(name, [])))
        quick = [
            "space={provider: onehot, transform: none}",
            f"{name}={{layers: [8], dim: 8, classes: 3, items: 3, checkpoint: 2, {steps}}}",
        ]
        return load_train_config(str(file), [*toy_settings(toys), *quick, *overrides])

    return loaded


def test_three_domains_make_a_model_that_words_and_files_are_asked_of(name, config, toys, tmp_path):
    train(Training(config(), [toys], tmp_path / "model"))
    model = Model(Bundle.open(tmp_path / "model"))
    assert model.bundle.domains == ["photo", "shape", "sketch"]
    point = model.space.prototypes(["disc"])
    for domain, suffix in (("photo", "jpg"), ("shape", "off"), ("sketch", "png")):
        found = model.embed([toys / domain / "disc" / f"04.{suffix}"], domain)
        assert found.shape == point.shape
        assert np.linalg.norm(found) == pytest.approx(1, abs=1e-5)


def test_a_rate_that_is_far_too_high_stops_with_the_step_and_the_way_out(
    name, config, toys, tmp_path
):
    lost = rf"of {name}.* at step \d+; train with a lower {name}\.lr"
    told = rf"({lost})|(batch \d+ of {name}.*lower)"
    with pytest.raises(InvalidInput, match=told):
        train(Training(config(f"{name}.lr=1e35"), [toys], tmp_path / "model"))
    assert not (tmp_path / "model" / "model.json").exists()


def test_what_it_cannot_learn_from_is_refused_before_anything_is_written(name, config, tmp_path):
    alone = make_collection(tmp_path / "alone", domains=("photo",), train=2)
    with pytest.raises(InvalidInput, match=f"method {name} learns across domains, and there are"):
        train(Training(config(), [alone], tmp_path / "model"))
    assert not (tmp_path / "model").exists()
