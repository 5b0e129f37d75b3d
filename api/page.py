"""The page at /api/docs: the OpenAPI description as plain HTML, with no script and nothing from another server."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

STYLE = """
body { font: 16px/1.5 system-ui, "Noto Sans CJK SC", sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
body { color: #1d2b33; background: #fff; } h2 { margin-top: 2.5rem; border-bottom: 1px solid #b9c6cd; }
h3 code { font-size: 1.05rem; } .method { display: inline-block; min-width: 4.5rem; font-weight: 700; color: #0b5d7a; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1rem; }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid #dfe6ea; }
pre { background: #f3f6f8; padding: .75rem; overflow-x: auto; } details { margin: .25rem 0 1rem; }
@media (prefers-color-scheme: dark) { body { color: #dde6ea; background: #14191c; } pre { background: #20282d; }
  .method { color: #6ec3e2; } a { color: #8ecbe6; } }
"""


def page(schema: Mapping[str, Any]) -> str:
    """Return the page of an OpenAPI description.

    >>> html = page({"info": {"title": "T", "version": "1"}, "paths": {"/a": {"get": {"summary": "<b>"}}}})
    >>> "&lt;b&gt;" in html, "<script" in html
    (True, False)
    """
    info = schema["info"]
    title = escape(f"{info['title']} {info['version']}")
    head = f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
    head += f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head><body>'
    about = escape(info.get("description", ""))
    intro = f'<h1>{title}</h1><p>{about}</p><p><a href="/api/openapi.json">OpenAPI description (JSON)</a></p>'
    return head + intro + "".join(_groups(schema)) + "".join(_shapes(schema)) + "</body></html>"


def _groups(schema: Mapping[str, Any]) -> Iterator[str]:
    by_tag: dict[str, list[str]] = {}
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            tag = (operation.get("tags") or ["other"])[0]
            by_tag.setdefault(tag, []).append("".join(_operation(method, path, operation)))
    for tag, parts in by_tag.items():
        yield f'<h2 id="{escape(tag)}">{escape(tag)}</h2>' + "".join(parts)


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield f'<h3><code><span class="method">{method.upper()}</span> {escape(path)}</code></h3>'
    yield f"<p>{_lines(operation.get('description') or operation.get('summary', ''))}</p>"
    rows = [
        (parameter["name"], parameter["in"], _kind(parameter.get("schema", {})), parameter.get("description", ""))
        for parameter in operation.get("parameters", ())
    ]
    if rows:
        yield _table(("parameter", "in", "type", ""), rows)
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"<p>Body: <code>{escape(media)}</code> {_link(content.get('schema', {}))}</p>"
    answers = []
    for status, told in operation.get("responses", {}).items():
        content = told.get("content") or {"": {}}
        for media, body in content.items():
            answers.append((status, told.get("description", ""), media, _kind(body.get("schema", {}))))
    yield _table(("status", "", "media type", "type"), answers)


def _shapes(schema: Mapping[str, Any]) -> Iterator[str]:
    parts = schema.get("components", {}).get("schemas", {})
    if parts:
        yield '<h2 id="types">Types</h2>'
    for name, part in parts.items():
        required = set(part.get("required", ()))
        rows = [
            (field, "yes" if field in required else "", _kind(kind), kind.get("description", ""))
            for field, kind in part.get("properties", {}).items()
        ]
        about = _lines(part.get("description", ""))
        body = _table(("member", "always", "type", ""), rows) if rows else f"<pre>{escape(json.dumps(part))}</pre>"
        yield f'<h3 id="type-{escape(name)}"><code>{escape(name)}</code></h3><p>{about}</p>{body}'


def _table(heads: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> str:
    top = "".join(f"<th>{escape(head)}</th>" for head in heads)
    lines = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{top}</tr>{lines}</table>"


def _lines(text: str) -> str:
    return "</p><p>".join(escape(part.strip()) for part in text.split("\n\n"))


def _link(schema: Mapping[str, Any]) -> str:
    kind = escape(_kind(schema))
    return f'<a href="#type-{kind}">{kind}</a>' if "$ref" in schema else kind


def _kind(schema: Mapping[str, Any]) -> str:
    """Say a type in a few words.

    >>> _kind({"anyOf": [{"type": "array", "items": {"$ref": "#/components/schemas/Person"}}, {"type": "null"}]})
    'list of Person or null'
    """
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return " or ".join(_kind(one) for one in schema[several])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    said = schema.get("format") or schema.get("type") or "anything"
    return f"{said} = {schema['default']}" if schema.get("default") not in (None, "") else str(said)
