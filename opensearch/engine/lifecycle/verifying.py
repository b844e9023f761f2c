"""What is wrong with an open index, and making anew what is derived of it."""

from __future__ import annotations

from opensearch.engine.lifecycle.generations import Generations
from opensearch.engine.lifecycle.places import kind_of
from opensearch.errors import StoreError
from opensearch.store import again


def problems_of(generations: Generations, repair: bool) -> list[str]:
    """What is wrong with an open index; see `Engine.verify`."""
    now, folder = generations.current(), generations.folder
    problems = again(now.store.verify)
    try:
        problems += again(now.searcher.problems)
    except StoreError as error:  # nothing to compare with
        problems = problems or [str(error)]
    problems += kind_of(folder.path).model_problems(folder.path)
    if repair:
        folder.forget_derived()
        generations.renew()
        generations.settle()
    return problems
