"""Which argument has which check: a name means one thing in all public methods of the engine.

`checked` makes the checks once, at the door; the code behind it trusts its arguments.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

from opensearch.engine import arguments as must
from opensearch.engine.arguments import Check
from opensearch.engine.input_checks import encoding, inputs, one_input

P = ParamSpec("P")
T = TypeVar("T")

CHECKS: Final[dict[str, Check]] = {
    "adopt": must.flag,
    "categories": must.texts_or_none,
    "category": must.text,
    "codes": must.codes,
    "compare": must.text,
    "count": must.whole(1),
    "domain": must.text,
    "dry_run": must.flag,
    "embeddings": must.vectors,
    "encoding": encoding,
    "exact": must.flag,
    "exclude": must.texts,
    "export": must.path,
    "files": inputs,
    "folder": must.path,
    "given": one_input,
    "id_": must.whole(0),
    "ids": must.ids,
    "ignore": must.flag,
    "inputs": inputs,
    "k": must.whole(1),
    "key": must.text,
    "keys": must.texts,
    "limits": must.limits,
    "made_by": must.text,
    "max_distance": must.whole(0),
    "metadata": must.records,
    "min_score": must.number,
    "model": must.path,
    "names": must.texts,
    "path": must.index_path,
    "prefix": must.text,
    "progress": must.called,
    "prune": must.flag_or("force"),
    "repair": must.flag,
    "reread": must.flag,
    "seed": must.whole(0),
    "sentence": must.place,
    "sources": must.sources,
    "strict": must.flag,
    "structure": must.text,
    "targets": must.texts,
    "text": must.text,
    "up": must.axis,
    "values": must.whole(1),
    "where": must.text,
    "word": must.text,
}


def checked(**others: Check) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Check all arguments before a function runs, by `CHECKS`; defaults are not checked.

    What is annotated with `| None` may be `None`.

    Args:
        others: checks of arguments that mean something else here.
    """

    def wrap(function: Callable[P, T]) -> Callable[P, T]:
        signature = inspect.signature(function)
        assert others.keys() <= signature.parameters.keys(), function
        checks = {
            name: _allowing_none(others.get(name) or CHECKS[name], parameter)
            for name, parameter in signature.parameters.items()
            if name not in ("self", "cls")
        }

        @functools.wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> T:
            try:
                bound = signature.bind(*args, **kwargs)
            except TypeError:
                return function(*args, **kwargs)  # Python says which argument is missing
            for name, check in checks.items():
                if name in bound.arguments:
                    bound.arguments[name] = check(name, bound.arguments[name])
            return function(*bound.args, **bound.kwargs)

        return run

    return wrap


def _allowing_none(check: Check, parameter: inspect.Parameter) -> Check:
    return must.optional(check) if str(parameter.annotation).endswith("| None") else check
