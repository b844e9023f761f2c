"""Names of fields in addresses and forms: one that is not known, or comes twice, is refused.

The models of JSON bodies check theirs. Otherwise a form with a misspelt `category` would add an
item without one, and `k` beside a file, where it belongs into `query`, would be ignored; of a field
that comes twice, all but one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final, get_origin

from fastapi import Request
from fastapi.params import Form
from fastapi.routing import APIRoute
from starlette.datastructures import ImmutableMultiDict

from opensearch.service.failures import refusal
from opensearch.service.wording import WAY_OUT

_FORMS: Final = ("multipart/form-data", "application/x-www-form-urlencoded")


async def known_fields(request: Request) -> None:
    """Refuse a request with a field, in its address or its form, that its route does not have.

    So is one that comes twice and of which the route takes one.

    Raises:
        ServiceError: with the name, and those that are known.
    """
    route = request.scope.get("route")
    if not isinstance(route, APIRoute) or not route.path.startswith("/v1"):
        return  # pages and probes may be asked for with anything behind them
    wholes = list(_dependants(route.dependant))
    _refuse(request.query_params, [p for each in wholes for p in each.query_params])
    form = [p for each in wholes for p in each.body_params if isinstance(p.field_info, Form)]
    if form and request.headers.get("content-type", "").lower().startswith(_FORMS):
        _refuse(await request.form(), form)


def _dependants(dependant: Any) -> Iterator[Any]:
    """A route's dependant and those that it depends on."""
    yield dependant
    for each in dependant.dependencies:
        yield from _dependants(each)


def _refuse(given: ImmutableMultiDict[str, Any], fields: Sequence[Any]) -> None:
    known = {field.alias for field in fields}
    several = {
        field.alias for field in fields if get_origin(field.field_info.annotation) in (list, tuple)
    }
    count = Counter(name for name, _ in given.multi_items())
    for name in count:
        if name not in known:
            way_out = f"known here: {', '.join(sorted(known))}" if known else WAY_OUT
            raise refusal(
                422,
                "InvalidRequest",
                f"{name[:100]} is not a known field",
                way_out,
                wanted=f"one of {', '.join(sorted(known))}" if known else "no field",
                came=name[:100],
            )
        if count[name] > 1 and name not in several:
            raise refusal(
                422,
                "InvalidRequest",
                f"{name} takes one value, but comes {count[name]} times",
                "send it once",
                wanted=f"one {name}",
                came=f"{count[name]} of them",
            )
