"""Versions of what a merchant writes: the rules of each point, and the policies. In the risk table.

    RULES#<point>, POLICIES   V#<version>   as it was saved, for ever; with what its last dry run found
    RULES#<point>, POLICIES   ACTIVE        a copy of the version in force, and the versions before it

Version 0 is what a shop starts with, and is nowhere written down.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

from pydantic import Field

from quanyi.clock import Timestamp, stamp
from quanyi.errors import Conflict, NotFound
from quanyi.orders.part import Part
from quanyi.risk.facts import Point
from quanyi.table import ConditionFailed, Item, Key, Table

Book: TypeAlias = Point | Literal["policies"]

NEW = "attribute_not_exists(pk)"
UNCHANGED = "rev = :rev"
MOST_STEPS = 50
"""Of the history of what was in force; the oldest go."""


class DryRun(Part):
    """What a version would have made of recorded decisions."""

    at: Timestamp
    by: str
    decisions: int
    changed: int
    failed: int
    """Decisions at which one of its rules failed."""


class Version(Part):
    """`content` is the rule table or the policies as JSON. It is tried (`tried`) before it is activated."""

    version: int
    content: dict[str, Any] = Field(default_factory=dict[str, Any], repr=False)
    note: str = ""
    by: str = "system"
    at: Timestamp | None = None
    tried: DryRun | None = None


class Step(Part):
    """What was in force from when, by whom."""

    version: int
    at: Timestamp
    by: str


class Active(Part):
    """`before` are the versions that a roll back goes to, the last one first to come back; `left` is the one that was
    rolled back last."""

    rev: int = 0
    version: int = 0
    content: dict[str, Any] = Field(default_factory=dict[str, Any], repr=False)
    before: tuple[int, ...] = ()
    left: int | None = None
    history: tuple[Step, ...] = ()


@dataclass(frozen=True)
class VersionsTable:
    """`table` is the risk table; `book` names whose versions."""

    table: Table
    book: Book

    def save(self, base: int, content: dict[str, Any], *, note: str, by: str, now: datetime) -> Version:
        """Adds a version after `base`, which must be the newest. The same again answers what it made. Raises Conflict
        (`stale_version`)."""
        made = Version(version=base + 1, content=content, note=note, by=by, at=now)
        if base > self.newest():
            raise _stale(self.newest())
        item = {**self._key(base + 1), "v": 1, **made.model_dump(mode="json", exclude_none=True)}
        try:
            self.table.put(item, condition=NEW)
        except ConditionFailed as failed:
            there = Version.model_validate(failed.item)
            if (there.content, there.note, there.by) == (content, note, by):
                return there
            raise _stale(self.newest()) from None
        return made

    def newest(self) -> int:
        return next((version.version for version in self.page(limit=1)), 0)

    def page(self, *, limit: int, below: int | None = None) -> list[Version]:
        """Newest first, those before `below`."""
        found = self.table.query(
            "pk = :pk AND sk BETWEEN :first AND :last",
            limit=limit,
            forward=False,
            consistent=True,
            pk=_pk(self.book),
            first="V#",
            last=_sk(below - 1) if below is not None else "V#~",
        )
        return [Version.model_validate(item) for item in found.items]

    def get(self, version: int) -> Version:
        """Consistent. Raises NotFound."""
        item = self.table.get(self._key(version))
        if item is None:
            raise NotFound("version")
        return Version.model_validate(item)

    def tried(self, version: int, run: DryRun) -> None:
        self.table.update(
            self._key(version),
            "SET tried = :tried",
            condition="attribute_exists(pk)",
            tried=run.model_dump(mode="json"),
        )

    def active(self) -> Active:
        """Consistent."""
        item = self.table.get(active_key_of(self.book))
        return Active.model_validate(item) if item else Active()

    def activate(self, known: Active, version: Version, *, by: str, now: datetime) -> Active:
        """Puts a version into force in place of what `known` says is. Raises Conflict (`stale_version`) when somebody
        else was faster."""
        before = tuple(each for each in known.before if each != version.version)
        return self._put(known, version, (*before, known.version), None, by=by, now=now)

    def roll_back(self, known: Active, version: Version, *, by: str, now: datetime) -> Active:
        """The same with the version that was in force before, the last of `known.before`."""
        return self._put(known, version, known.before[:-1], known.version, by=by, now=now)

    def _put(
        self, known: Active, version: Version, before: Sequence[int], left: int | None, *, by: str, now: datetime
    ) -> Active:
        step = Step(version=version.version, at=now, by=by)
        made = Active(
            rev=known.rev + 1,
            version=version.version,
            content=version.content,
            before=tuple(before)[-MOST_STEPS:],
            left=left,
            history=(*known.history, step)[-MOST_STEPS:],
        )
        item: Item = {**active_key_of(self.book), "v": 1, **made.model_dump(mode="json"), "at": stamp(now)}
        try:
            if known.rev:
                self.table.put(item, condition=UNCHANGED, rev=known.rev)
            else:
                self.table.put(item, condition=NEW)
        except ConditionFailed as failed:
            raise _stale(failed.item.get("version", 0)) from None
        return made

    def _key(self, version: int) -> Key:
        return {"pk": _pk(self.book), "sk": _sk(version)}


def active_key_of(book: Book) -> Key:
    return {"pk": _pk(book), "sk": "ACTIVE"}


def _pk(book: Book) -> str:
    return "POLICIES" if book == "policies" else f"RULES#{book}"


def _sk(version: int) -> str:
    return f"V#{version:06d}"


def _stale(now: int) -> Conflict:
    return Conflict("Somebody else changed this meanwhile.", reason="stale_version", version=now)
