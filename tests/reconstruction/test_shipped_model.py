"""The shipped reconstruction model: small, kept from what is unseen, and at work."""

from pathlib import Path

import numpy as np
from sklearn.metrics import average_precision_score

import opensearch.reconstruction
from opensearch.reconstruction.generator import Generator
from opensearch.reconstruction.latent import LineEncoder

FOLDER = Path(opensearch.reconstruction.__file__).parent / "model"
_UNSEEN = (
    "bat bed bus cabin cow cup dolphin door drums guitar hat helicopter horse keyboard lamp "
    "mouse pear raccoon rhinoceros rifle saw scissors seagull skyscraper songbird spoon "
    "stop_sign sword tree vase wheelchair windmill window"
)
UNSEEN = _UNSEEN.split(" ")
"""Of triad, Sketchy and PACS: no training file may be of these."""


def test_it_is_small_and_says_where_it_comes_from():
    files = [file for file in FOLDER.iterdir() if file.is_file()]
    assert sum(file.stat().st_size for file in files) <= 5 * 2**20
    text = (FOLDER / "README.md").read_text("utf-8")
    for source in ("Princeton Shape Benchmark", "SHREC 2012", "Sweet Home 3D", "Quaternius"):
        assert source in text


def test_nothing_unseen_was_trained_on():
    assert set(UNSEEN) <= set(Generator.open(FOLDER).card.provenance["config"]["exclude"])


def test_its_latent_space_was_kept_from_what_is_unseen_too():
    encoder = LineEncoder.open(FOLDER)
    assert encoder.code == 128
    assert 0 < encoder.likelihood(5.0) < 1
    provenance = Generator.open(FOLDER).card.provenance
    assert provenance["config"]["adaptation"]["steps"] > 0  # by the settings tested above
    assert provenance["sketches"].startswith("5467 sketches, ")


def test_a_table_comes_back_as_a_table():
    table = np.zeros((32, 32, 32), bool)
    table[2:30, 24:28, 6:26] = True
    for x in (3, 27):
        for z in (7, 23):
            table[x : x + 2, 4:24, z : z + 2] = True
    generator = Generator.open(FOLDER)
    code = generator.encode(table[None])
    pooled = generator.pool(np.repeat(code, 2, axis=0), np.array([0.6, 0.4]))
    made = generator.decode(pooled[None])[0]
    assert average_precision_score(table.ravel(), made.ravel()) > 5 * table.mean()
