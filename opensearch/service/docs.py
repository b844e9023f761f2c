"""The OpenAPI document as a page to read: routes, what they take, what they answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import escape
from string import Template
from typing import Any, Final

_PAGE: Final = Template("""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>opensearch $version: HTTP</title>
<link rel="stylesheet" href="/static/look.css">
</head>
<body class="reading">
<main>
<h1>opensearch $version over HTTP</h1>
<p>$about</p>
<p>The same for programs: <a href="/openapi.json">/openapi.json</a>. The page:
<a href="/">/</a>.</p>
$routes
<h2>Models</h2>
$models
</main>
</body>
</html>
""")


def docs_page(document: dict[str, Any]) -> str:
    """The whole page of an OpenAPI document."""
    info = document["info"]
    routes = [
        _route(method, path, said)
        for path, methods in document["paths"].items()
        for method, said in methods.items()
    ]
    models = document.get("components", {}).get("schemas", {})
    return _PAGE.substitute(
        version=escape(info["version"]),
        about=escape(info.get("description", "")),
        routes="\n".join(routes),
        models="\n".join(_model(name, said) for name, said in models.items()),
    )


def _route(method: str, path: str, said: dict[str, Any]) -> str:
    rows = "".join(_parameters(said))
    takes = f"<table><tr><th>takes<th>type<th>meaning</tr>{rows}</table>" if rows else ""
    answers = "".join(_answers(said))
    title = f"{method.upper()} {escape(path)}"
    summary, text = escape(said.get("summary", "")), escape(said.get("description", ""))
    return (
        f'<section><h2 id="{escape(said.get("operationId", ""))}"><code>{title}</code> {summary}'
        f"</h2><p>{text}</p>{takes}<p>Answers: {answers}</p></section>"
    )


def _parameters(said: dict[str, Any]) -> Iterator[str]:
    for each in said.get("parameters", ()):
        name = f"{each['name']} ({each['in']})"
        yield _row(name, each["schema"], each.get("required", False), each.get("description", ""))
    for kind, content in said.get("requestBody", {}).get("content", {}).items():
        yield _row(f"body, {kind}", content["schema"], True, "")


def _answers(said: dict[str, Any]) -> Iterator[str]:
    for status, answer in said["responses"].items():
        if status.startswith("2"):
            for kind, content in answer.get("content", {"no content": {}}).items():
                yield f"{status} {escape(kind)} {_type(content.get('schema', {}))} "


def _model(name: str, said: dict[str, Any]) -> str:
    wanted = said.get("required", ())
    rows = "".join(
        _row(field, schema, field in wanted, schema.get("description", ""))
        for field, schema in said.get("properties", {}).items()
    )
    text = escape(said.get("description", ""))
    return (
        f'<section><h3 id="{escape(name)}"><code>{escape(name)}</code></h3><p>{text}</p>'
        f"<table><tr><th>field<th>type<th>meaning</tr>{rows}</table></section>"
    )


def _row(name: str, schema: dict[str, Any], required: bool, text: str) -> str:
    default = f", default {json.dumps(schema['default'])}" if "default" in schema else ""
    mark = "" if required else f" <small>optional{escape(default)}</small>"
    shown = escape(text or schema.get("description", ""))
    return f"<tr><td><code>{escape(name)}</code>{mark}<td>{_type(schema)}<td>{shown}</tr>"


def _type(schema: dict[str, Any]) -> str:
    """A schema in a few words, with links to models."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return " or ".join(_type(each) for each in schema[several])
    if "const" in schema:
        return escape(json.dumps(schema["const"]))
    if "enum" in schema:
        return " or ".join(escape(json.dumps(each)) for each in schema["enum"])
    if schema.get("type") == "array" and "items" in schema:
        return f"list of {_type(schema['items'])}"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"object of {_type(schema['additionalProperties'])}"
    return escape(str(schema.get("type", "anything")))
