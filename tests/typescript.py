"""The service's answers as TypeScript: an interface for each schema of its description that the pages name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).resolve().parents[1] / "api" / "viewer" / "src"
FILE = SOURCE / "api-types.ts"
HEAD = "/** What the service tells: written by tests/viewer/test_types.py from its description. */\n"
#: an interface that is no longer stands on one line
WIDE = 140
PLAIN = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}
_IMPORT = re.compile(r"(?:import|export) (?:type )?\{([^}]*)\} from \"(?:\./|\.\./)+(?:src/)?api-types\"")


def typed(schema: Mapping[str, Any]) -> str:
    """Return the type of a schema.

    >>> typed({"anyOf": [{"type": "array", "items": {"$ref": "#/components/schemas/Move"}}, {"type": "null"}]})
    'Move[] | null'
    """
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return " | ".join(dict.fromkeys(typed(one) for one in choices))
    if values := schema.get("enum") or ([schema["const"]] if "const" in schema else None):
        return " | ".join(f'"{value}"' for value in values)
    kind = schema.get("type")
    if kind == "array":
        if rows := schema.get("prefixItems"):
            return f"[{', '.join(typed(row) for row in rows)}]"
        inner = typed(schema["items"])
        return f"({inner})[]" if " | " in inner else f"{inner}[]"
    if kind == "object" and "properties" in schema:
        return f"{{ {'; '.join(fields(schema))} }}"
    if kind == "object":
        more = schema.get("additionalProperties")
        return f"Record<string, {typed(more) if isinstance(more, Mapping) else 'unknown'}>"
    return PLAIN.get(str(kind), "unknown")


def interface(name: str, schema: Mapping[str, Any]) -> str:
    """Return the interface of an answer: whatever the service may leave out is optional.

    >>> print(interface("Move", {"properties": {"block": {"type": "string"}}, "required": ["block"]}))
    export interface Move { block: string }
    """
    rows = fields(schema)
    short = f"export interface {name} {{ {'; '.join(rows)} }}"
    return (
        short if len(short) <= WIDE else "\n".join([f"export interface {name} {{", *(f"  {row};" for row in rows), "}"])
    )


def fields(schema: Mapping[str, Any]) -> list[str]:
    """Return the fields of a schema with their types."""
    needed = set(schema.get("required", ()))
    return [f"{name}{'' if name in needed else '?'}: {typed(told)}" for name, told in schema["properties"].items()]


def named(source: Path = SOURCE) -> set[str]:
    """Return the names of answers that the pages and their tests import."""
    texts = [
        path.read_text(encoding="utf-8") for folder in (source, source.parent / "tests") for path in sources(folder)
    ]
    found = [one for text in texts for group in _IMPORT.findall(text) for one in group.split(",")]
    return {re.sub(r"^type ", "", one.strip()).split(" as ")[0].strip() for one in found if one.strip()}


def sources(folder: Path) -> list[Path]:
    """Return the TypeScript files below a folder, in order."""
    return sorted(path for path in folder.rglob("*.ts*") if path.suffix in (".ts", ".tsx"))


def written(schemas: Mapping[str, Mapping[str, Any]], wanted: set[str]) -> str:
    """Return the file: the answers wanted, and those that they are made of."""
    found: set[str] = set()
    ahead = sorted(wanted)
    while ahead:
        name = ahead.pop()
        if name in found:
            continue
        found.add(name)
        ahead += re.findall(r"#/components/schemas/(\w+)", repr(schemas[name]))
    return "\n\n".join([HEAD.rstrip(), *(interface(name, schemas[name]) for name in sorted(found))]) + "\n"
