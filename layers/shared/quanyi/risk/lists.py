"""Block and allow lists (黑白名单): one entry for an identity, which is known by its keyed hash alone."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import StringConstraints

from quanyi.clock import Timestamp
from quanyi.orders.part import Part
from quanyi.risk.facts import Identity, Value

Effect: TypeAlias = Literal["block", "allow"]
Why = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]


class Listed(Part):
    """`hash` is the identity's keyed hash; `until` None means until it is taken off."""

    v: int = 1
    kind: Identity
    hash: str
    effect: Effect
    reason: str
    """The shop's own words: no personal data belongs here."""
    until: Timestamp | None = None
    by: str
    at: Timestamp
    ended_by: str = ""
    """Who took it off before its time."""

    @property
    def id(self) -> str:
        return f"{self.kind}.{self.hash}"

    def stands(self, now: datetime) -> bool:
        return self.until is None or self.until > now


def list_facts(found: Iterable[Listed], now: datetime) -> dict[str, Value]:
    """`lists.blocked` and `lists.allowed` of somebody whose identities have these entries. One that is over counts for
    nothing, however long the table keeps it."""
    standing = [each for each in found if each.stands(now)]
    return {
        f"lists.{name}": tuple(sorted({each.kind for each in standing if each.effect == effect}))
        for name, effect in (("blocked", "block"), ("allowed", "allow"))
    }
