"""The documents that the entry points make of themselves, brought to one set of names so that they can be joined."""

import importlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

ROOT = Path(__file__).resolve().parents[1]

Document = dict[str, Any]


@dataclass(frozen=True)
class Entry:
    """One function's entry point with routes: `desk.orders`."""

    name: str
    document: Document

    @property
    def room(self) -> str:
        return self.name.split(".")[0]


def entries() -> list[Entry]:
    """Of every room, without the resolver's own error answers (they are not ours), with names that mean one thing."""
    return _told_apart([Entry(entry.name, _stripped(entry.document)) for entry in _made()])


def modules() -> dict[str, Path]:
    """Every module of the rooms and of the folders within them: `reports.digest.page`."""
    within = ROOT / "functions"
    paths = sorted(path for path in within.rglob("*.py") if path.stem != "__init__" and path.parent != within)
    return {".".join(path.relative_to(within).with_suffix("").parts): path for path in paths}


def _made() -> Iterator[Entry]:
    """Every module of a room that makes a resolver of its own."""
    for name, path in modules().items():
        if re.search(r"^app = rest_api\(\)$", path.read_text(), re.MULTILINE):
            made = importlib.import_module(name).app.get_openapi_schema(
                title=name, version="1", openapi_version="3.1.0"
            )
            yield Entry(name, json.loads(made.model_dump_json(by_alias=True, exclude_none=True)))


def _stripped(made: Document) -> Document:
    schemas = made.get("components", {}).get("schemas", {})
    for name in ("HTTPValidationError", "ValidationError", "ResponseValidationError"):
        schemas.pop(name, None)
    return made


def _told_apart(found: list[Entry]) -> list[Entry]:
    """A name that means one thing in one room and another in the next gets its room's name in front, in both. A change
    of a part changes what it is part of, so this goes on until nothing changes."""
    while True:
        meanings: dict[str, set[str]] = {}
        for entry in found:
            for name, schema in entry.document.get("components", {}).get("schemas", {}).items():
                meanings.setdefault(name, set()).add(json.dumps(schema, sort_keys=True))
        unclear = {name for name, meant in meanings.items() if len(meant) > 1}
        if not unclear:
            return found
        if twice := [name for name in unclear if any(name.startswith(entry.room.capitalize()) for entry in found)]:
            raise ValueError(f"one room uses these names for two models each: {sorted(twice)}")
        found = [Entry(entry.name, _renamed(entry, unclear)) for entry in found]


def _renamed(entry: Entry, names: set[str]) -> Document:
    room = entry.room.capitalize()

    def new(text: str) -> str:
        name = text.removeprefix("#/components/schemas/")
        return f"{text[: len(text) - len(name)]}{room}{name}" if name in names else text

    def walk(value: Any) -> Any:
        if isinstance(value, dict):
            given = cast("Document", value)
            return {key: new(v) if key == "$ref" else walk(v) for key, v in given.items()}
        return [walk(part) for part in cast("list[Any]", value)] if isinstance(value, list) else value

    made = walk(entry.document)
    made["components"]["schemas"] = {new(name): schema for name, schema in made["components"]["schemas"].items()}
    return made
