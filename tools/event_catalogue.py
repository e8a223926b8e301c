"""Writes docs/events.md from the models of `quanyi.events`: `python -m tools.event_catalogue`."""

from inspect import getdoc
from pathlib import Path
from typing import Any

from quanyi.events.model import EVENTS, SOURCE, DomainEvent, ShopEvent

CATALOGUE = Path(__file__).parents[1] / "docs/events.md"

HEAD = f"""\
# Domain events

What happens to orders is told on the shop's EventBridge bus (the stack's `ShopEvents`), as JSON with `source`
`{SOURCE}` and the event's name as `detail-type`. A rule for all paid orders:
`{{"source": ["{SOURCE}"], "detail-type": ["OrderPaid"]}}`.

- **At least once, in no order.** The same event always has the same `id`: keep it to drop a repetition. Of two events
  of one order, the one with the higher `rev` is later.
- **Ids and amounts only**, never a secret or personal data. Read the rest from where it is kept, with your own rights.
- **Additive.** Fields may be added at any time; `v` rises only when a field changes its meaning or goes.
- They follow from what is stored, most of them from the tables' streams: an event that can be seen is a fact.

This page is made from `layers/shared/quanyi/events/model.py`.

## Every event

"""


def document() -> str:
    parts = [HEAD, _table(_fields(DomainEvent))]
    for event in EVENTS:
        own = {name: field for name, field in _fields(event).items() if name not in DomainEvent.model_fields}
        parts += [f"\n## {event.__name__}\n\n{getdoc(event)}\n\n", _table(own) if own else "Nothing more.\n"]
    return "".join(parts)


def _fields(event: type[ShopEvent]) -> dict[str, dict[str, Any]]:
    return event.model_json_schema(mode="serialization")["properties"]


def _table(fields: dict[str, dict[str, Any]]) -> str:
    rows = [f"| `{name}` | {_kind(field)} | {field.get('description', '')} |" for name, field in fields.items()]
    return "\n".join(["| field | type | meaning |", "| --- | --- | --- |", *rows]) + "\n"


def _kind(field: dict[str, Any]) -> str:
    if "const" in field:
        return f"`{field['const']}`"
    if field.get("type") == "array":
        return "list of objects" if "$ref" in field["items"] else f"list of {field['items']['type']}s"
    if field.get("type") == "object":
        return f"object of {field['additionalProperties'].get('type', 'integers or string')}s"
    if "anyOf" in field:
        return field["anyOf"][0].get("type", "string")
    return field.get("type", "string")


if __name__ == "__main__":
    CATALOGUE.write_text(document(), encoding="utf-8")
