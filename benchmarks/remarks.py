"""Whether the remark that nothing is likely is right; half of the words asked have no items.

    python -m benchmarks.remarks INDEX --others DIR [--count 200] [--to photo] [--seed 0]

INDEX has a calibrated model, and its items have categories; half of the words are drawn from
these. The other half are categories of the collections `--others` that INDEX has none of, or,
without any, words of the shipped lexicon. Each word is asked as `opensearch query INDEX --text`
asks it. Printed are precision (of the remarks, the share made of absent words), recall (of absent
words, the share remarked on), and which words were judged wrongly. Beside them, the user's view:
a remark counts as right if none of the hits is of the word, whether the word is absent or its items
were not found. `precision by hits` is the share of remarks that are right in this sense, `recall by
hits` the share of answers without a right hit that are remarked on.
"""

from __future__ import annotations

import json
from pathlib import Path

import click
import numpy as np

from opensearch.domains.collections.catalog import read_collection
from opensearch.engine import Answer, Engine, Query
from opensearch.semantic import normalise
from opensearch.semantic.lexicon import open_lexicon

_DIR = click.Path(exists=True, file_okay=False, path_type=Path)


def words_to_ask(
    engine: Engine, others: tuple[Path, ...], targets: tuple[str, ...]
) -> dict[str, list[str]]:
    """Words that the model knows, sorted: `present` ones name items, `absent` ones none."""
    held = {
        normalise(item.category)
        for item in engine.records()
        if item.category and (not targets or item.domain in targets)
    }
    sources = [source for folder in others for source in read_collection(folder)]
    found = {normalise(source.category) for source in sources if source.category}
    if not others:
        found = set(open_lexicon().words())
    return {
        name: [word for word in sorted(words) if not engine.model.space.missing([word])]
        for name, words in (("present", held), ("absent", found - held))
    }


@click.command()
@click.argument("index", type=_DIR)
@click.option("--others", multiple=True, type=_DIR)
@click.option("--count", default=200, show_default=True)
@click.option("--to", "targets", multiple=True)
@click.option("--seed", default=0, show_default=True)
def main(
    index: Path, others: tuple[Path, ...], count: int, targets: tuple[str, ...], seed: int
) -> None:
    """Print one JSON object."""
    rng = np.random.default_rng(seed)
    with Engine.open(index) as engine:
        known = words_to_ask(engine, others, targets)
        drawn = {name: rng.permutation(words)[: count // 2] for name, words in known.items()}
        judged = {
            name: {str(word): engine.ask(Query(text=str(word), targets=targets)) for word in words}
            for name, words in drawn.items()
        }
    remarked = {
        name: [word for word, answer in answers.items() if answer.likely is False]
        for name, answers in judged.items()
    }
    right, wrong = len(remarked["absent"]), len(remarked["present"])
    asked_for = [pair for answers in judged.values() for pair in answers.items()]
    empty = {word for word, answer in asked_for if not _found(word, answer)}
    said = {word for word, answer in asked_for if answer.likely is False}
    best = {
        name: sorted(max((hit.score or 0) for hit in a.hits) for a in answers.values() if a.hits)
        for name, answers in judged.items()
    }
    click.echo(
        json.dumps(
            {
                "words": {name: len(words) for name, words in drawn.items()},
                "precision": round(right / max(1, right + wrong), 3),
                "recall": round(right / max(1, len(drawn["absent"])), 3),
                "precision by hits": round(len(said & empty) / max(1, len(said)), 3),
                "recall by hits": round(len(said & empty) / max(1, len(empty)), 3),
                "answers without a right hit": len(empty),
                "remarked though present": remarked["present"],
                "not remarked though absent": sorted(
                    set(map(str, drawn["absent"])) - set(remarked["absent"])
                ),
                "deciles of the best": {
                    name: [round(float(v), 2) for v in np.quantile(values, np.linspace(0, 1, 11))]
                    for name, values in best.items()
                },
            },
            ensure_ascii=False,
        )
    )


def _found(word: str, answer: Answer) -> bool:
    """Whether a hit is of the word."""
    return any(hit.category and normalise(hit.category) == word for hit in answer.hits)


if __name__ == "__main__":
    main()
