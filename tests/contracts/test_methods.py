"""What every registered method keeps, whatever paper it is from; and a toy one, added here."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
import torch
from pydantic import Field
from toy_files import make_collection, toy_settings

from opensearch.config import Settings, TrainConfig
from opensearch.encoders.bundle import Bundle
from opensearch.encoders.projector import Projector
from opensearch.engine import Engine
from opensearch.errors import InvalidInput
from opensearch.experiments.evaluate import Evaluation, evaluate
from opensearch.loop import LOSS, Descent, Job, Learner, run_job, step_seed
from opensearch.losses.prototype import PrototypeLoss
from opensearch.methods import METHODS, Method, Training, train
from opensearch.methods.configs import load_train_config
from opensearch.model import Model
from opensearch.training.assemble import FittedModel
from opensearch.training.domain import FittedDomain, arrays

QUICK = {
    "prototype": ["loop={epochs: 4, batch: 8, checkpoint: 3}"],
    "joint": [
        "projector={hidden: 16, dropout: 0.3}",
        "joint={side: 32, head_steps: 12, head_batch: 8, steps: 6, batch: 4, checkpoint: 3}",
    ],
    "gdmh-pixel": [
        "space={provider: onehot, transform: none}",
        "hash={name: sign, bits: 16}",
        "pixel={blocks: 1, width: 2, batch: 4, epochs: 2, pool: 3, checkpoint: 3}",
    ],
    "cgn": [
        "space={provider: onehot, transform: none}",
        "cgn={target: photo, layers: [16], dim: 16, classes: 3, items: 3, steps: 6,"
        " teacher_steps: 6, checkpoint: 3}",
    ],
    "cdnn": [
        "space={provider: onehot, transform: none}",
        "cdnn={layers: [16], dim: 8, levels: [1, 2], classes: 3, items: 3, steps: 8,"
        " checkpoint: 4}",
    ],
    "siamese": [
        "space={provider: onehot, transform: none}",
        "siamese={code: 16, steps: 12, classes: 3, items: 3, checkpoint: 4}",
    ],
    "dca": [
        "space={provider: onehot, transform: none}",
        "dca={target: photo, layers: [16], dim: 16, classes: 3, items: 3, transform_layers: [8],"
        " critic_layers: [8], metric_steps: 4, transform_steps: 4, steps: 4, checkpoint: 2}",
    ],
    "dcml": [
        "space={provider: onehot, transform: none}",
        "dcml={layers: [16], dim: 16, classes: 3, items: 3, steps: 6, checkpoint: 3}",
    ],
    "dchml": [
        "space={provider: onehot, transform: none}",
        "dchml={layers: [16], dim: 16, classes: 3, items: 3, steps: 6, checkpoint: 3}",
    ],
    "lwbr": [
        "space={provider: onehot, transform: none}",
        "lwbr={layers: [16], dim: 16, classes: 3, items: 3, steps: 6, checkpoint: 3}",
    ],
    "toy": ["toy={steps: 12}"],
}
"""What makes each method quick, beside the settings that all of them share."""


class ToySettings(Settings):
    steps: int = Field(default=50, ge=2)


class ToyConfig(TrainConfig):
    method: str = "toy"
    toy: ToySettings = ToySettings()


class OneOfEach:
    """A sampler: every batch holds one item of each category."""

    def __init__(self, labels):
        self._items = [np.flatnonzero(labels == label) for label in np.unique(labels)]

    def draw(self, rng):
        return np.array([rng.choice(items) for items in self._items])


class Toy(Method[ToyConfig]):
    """A projector a domain, on a frozen backbone's features, with a sampler of its own."""

    name = "toy"
    config = ToyConfig

    def learns(self, config):
        return False

    def fit(self, context, domains, start):
        return FittedModel({data.name: self._fitted(context, data) for data in domains})

    def _fitted(self, context, data):
        names = sorted(set(data.categories))
        labels = np.array([names.index(category) for category in data.categories])
        sampler = OneOfEach(labels)
        features = torch.from_numpy(data.rows.take(range(len(labels)))[:, 0])
        loss = PrototypeLoss(torch.from_numpy(context.space.prototypes(names)), 0.1)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(context.config.seed)
            module = Projector(features.shape[1], context.space.dim)
        learner = Learner(torch.optim.Adam(module.parameters()), lambda share, factor: 0.01, "lr")

        def step(number):
            seed = step_seed(context.config.seed, data.name, number)
            items = sampler.draw(np.random.default_rng(seed))
            value = loss(module(features[items]), torch.from_numpy(labels[items]))
            yield Descent({LOSS: value}, [learner])

        steps = context.config.toy.steps
        job = Job(data.name, module, [learner], step, steps, 4, 4, "the rate of the toy")
        run_job(job, context.run, context.progress)
        return FittedDomain(data.start, arrays(module.state_dict()), "mean")


@pytest.fixture(autouse=True, scope="module")
def toy_method_one_thread_and_no_graphs() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(METHODS, "toy", Toy())
        patch.setitem(sys.modules, "onnxscript", None)  # graphs are slow to make; others test them
        yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def toys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("toys") / "c"
    return make_collection(folder, domains=("photo", "sketch"), train=4)


@pytest.fixture(params=[*METHODS, "toy"])
def name(request):
    return request.param


@pytest.fixture
def load(name, toys, tmp_path):
    """Load a config of the method, with settings that make it quick and others."""
    file = tmp_path / "mine.yaml"
    file.write_text(f"method: {name}\n")

    def loaded(*overrides):
        return load_train_config(str(file), [*toy_settings(toys), *QUICK.get(name, []), *overrides])

    return loaded


MADE: dict[str, Bundle] = {}


@pytest.fixture
def bundle(name, load, toys, tmp_path_factory):
    """A model trained without interruption, once for all tests."""
    if name not in MADE:
        out = tmp_path_factory.mktemp(name) / "model"
        MADE[name] = train(Training(load(), [toys], out))
    return MADE[name]


def lines_of(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def files_of(folder):
    kept = [*folder.glob("*.safetensors"), folder / "model.json", folder / "metrics.jsonl"]
    return {file.name: file.read_bytes() for file in kept}


def test_it_stands_in_the_registry_by_its_name_with_a_config_of_its_own(name, load):
    method, config = METHODS[name], load()
    assert (method.name, config.method) == (name, name)
    assert type(config) is method.config
    assert type(config)(**config.model_dump()) == config


def test_an_unknown_setting_is_refused_with_those_known(name, load):
    known = ", ".join(sorted(METHODS[name].config.model_fields))
    with pytest.raises(InvalidInput, match=f"unknown setting colour; known there: {known}"):
        load("colour=1")


def test_a_setting_of_another_method_is_refused_with_the_way_out(name, load):
    for other, method in METHODS.items():
        for group in set(method.config.model_fields) - set(METHODS[name].config.model_fields):
            told = f"{group} is a setting of method {other}, and the method here is {name};"
            with pytest.raises(InvalidInput, match=told):
                load(f"{group}={{}}")


def test_its_bundle_opens_embeds_and_codes(name, bundle, toys):
    opened = Model(Bundle.open(bundle.folder))
    card = opened.bundle.card
    assert (card.method, opened.bundle.domains) == (name, ["photo", "sketch"])
    assert card.categories == ["cube", "disc", "pyramid"]
    for domain, file in (("sketch", "04.png"), ("photo", "04.jpg")):
        embedding = opened.embed([toys / domain / "cube" / file], domain)
        assert embedding.shape == (1, card.dim)
        assert np.linalg.norm(embedding) == pytest.approx(1, abs=1e-5)
        assert opened.hasher.encode(embedding, domain).shape == (1, card.bits // 8)


def test_its_model_makes_an_index_that_answers_and_is_evaluated(bundle, toys, tmp_path):
    with Engine.create(tmp_path / "index", bundle.folder) as engine:
        engine.add(toys)
        hits = engine.search(toys / "sketch" / "cube" / "04.png", targets=["photo"], k=3)
    assert [hit.domain for hit in hits] == ["photo"] * 3
    rows = evaluate(Evaluation(bundle.folder, toys, ["all"])).rows
    assert {row.split for row in rows} == {"all"}
    assert all(0 < row.matrix.cross.map_all <= 1 for row in rows)


def test_its_lines_of_metrics_tell_stage_step_losses_and_rate(bundle):
    lines = lines_of(bundle.folder)
    assert lines
    for line in lines:
        assert list(line)[:3] == ["stage", "epoch", "step"]
        assert "lr" in line
        assert all(np.isfinite(value) for key, value in line.items() if key != "stage")


class Cut(Exception):
    pass


def test_cut_off_in_every_stage_and_resumed_equals_uninterrupted(bundle, load, toys, tmp_path):
    """So a seed decides everything, wherever and how often a run is started."""
    kept = (bundle.folder / "training").glob("*.safetensors")
    stages = [file.stem for file in sorted(kept, key=lambda file: file.stat().st_mtime_ns)]
    assert stages
    training = Training(load(), [toys], tmp_path / "cut")
    for number, stage in enumerate(stages):

        def progress(what, done, total, stage=stage):
            if what == stage and done == total // 2 + 1:
                raise Cut

        torch.manual_seed(number)  # the caller's chance has no say
        with suppress(Cut):
            train(training, progress)
            pytest.fail(f"stage {stage} told nobody of its steps")
        assert not (tmp_path / "cut" / "model.json").exists()
    train(training)
    assert files_of(tmp_path / "cut") == files_of(bundle.folder)


def test_another_seed_gives_other_encoders(bundle, load, toys, tmp_path):
    other = train(Training(load("seed=5"), [toys], tmp_path / "other")).card.identities
    same = {name for name, mark in bundle.card.identities.items() if other[name] == mark}
    assert not any(name.startswith("encoder/") for name in same)


def test_it_adds_a_domain_or_says_that_it_cannot(name, bundle, load, toys, tmp_path):
    late = make_collection(tmp_path / "late", domains=("photo",), train=4)
    (late / "photo").rename(late / "drawn")
    rows = (late / "split.csv").read_text().replace("photo", "drawn")
    (late / "split.csv").write_text(rows)
    training = Training(load(), [late], tmp_path / "longer", bundle.folder, "drawn")
    if METHODS[name].extends:
        longer = dict(train(training).card.identities)
        assert longer.pop("encoder/drawn")
        assert longer == bundle.card.identities
    else:
        told = f"method {name} trains all domains together and cannot extend a model"
        with pytest.raises(InvalidInput, match=told):
            train(replace(training))
        assert not (tmp_path / "longer").exists()
        with pytest.raises(InvalidInput, match=f"method {name} cannot extend a model"):
            METHODS[name].extend(None, None)


def test_unknown_names_list_the_known():
    with pytest.raises(InvalidInput, match=f"no method 'other'; known: {', '.join(METHODS)}"):
        load_train_config("prototype", ["method=other"])


def test_names_and_settings_of_all_methods_load_no_heavy_package():
    code = "import sys, opensearch.methods.configs as c; c.load_train_config('joint');"
    code += "print(sorted({'torch', 'numpy', 'onnxruntime'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
