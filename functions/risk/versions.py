"""Versions of the rules: saved, tried on what was decided, put into force, taken back.

Policies are in force as they are saved: their terms are typed.
"""

from collections.abc import Mapping

from quanyi.callers import Caller
from quanyi.errors import Conflict, Invalid
from quanyi.risk.defaults import DEFAULTS
from quanyi.risk.facts import Point
from quanyi.risk.policies import Policies
from quanyi.risk.rules import RuleTable, faults_in
from quanyi.risk.version_table import Active, Version
from risk.wiring import RulesRoom


def save_rules(room: RulesRoom, caller: Caller, point: Point, base: int, table: RuleTable, note: str) -> Version:
    """Saves a version after `base`, the newest that there is. Nothing is in force by it.

    Raises Invalid (`rules_invalid`: `errors` names each rule, what is wrong, and the fields that there are), Conflict
    (`stale_version`).
    """
    if wrong := faults_in(table, point):
        raise Invalid("Some conditions cannot be asked at this point.", reason="rules_invalid", errors=wrong)
    return room.versions(point).save(base, _content(table), note=note, by=caller.name, now=room.now())


def version_of(room: RulesRoom, point: Point, version: int) -> Version:
    """Version 0 are the built-in rules. Raises NotFound."""
    if version == 0:
        return Version(version=0, content=_content(DEFAULTS[point]))
    return room.versions(point).get(version)


def activate(room: RulesRoom, caller: Caller, point: Point, version: int, instead_of: int) -> Active:
    """Puts a version into force in place of `instead_of`. The same again changes nothing.

    Raises NotFound, Conflict (`not_tried`: a dry run comes first; `rules_failed`: some of its rules failed there;
    `stale_version`).
    """
    table = room.versions(point)
    known = table.active()
    if known.version == version:
        return known
    if known.version != instead_of:
        raise Conflict("Other rules are in force.", reason="stale_version", version=known.version)
    wanted = version_of(room, point, version)
    if version and wanted.tried is None:
        raise Conflict("Try this version on recorded decisions first.", reason="not_tried", version=version)
    if wanted.tried and wanted.tried.failed:
        raise Conflict("Rules of this version failed in its dry run.", reason="rules_failed", version=version)
    return table.activate(known, wanted, by=caller.name, now=room.now())


def roll_back(room: RulesRoom, caller: Caller, point: Point, left: int) -> Active:
    """Puts what was in force before version `left` into force again. The same again changes nothing.

    Raises Conflict (`stale_version`; `nothing_before`).
    """
    table = room.versions(point)
    known = table.active()
    if known.left == left and known.version != left:
        return known
    if known.version != left:
        raise Conflict("Other rules are in force.", reason="stale_version", version=known.version)
    if not known.before:
        raise Conflict("Nothing else was in force before.", reason="nothing_before", version=left)
    return table.roll_back(known, version_of(room, point, known.before[-1]), by=caller.name, now=room.now())


def save_policies(room: RulesRoom, caller: Caller, base: int, policies: Policies, note: str) -> Active:
    """Replaces the policies that were read as version `base`. The same again changes nothing. Raises Conflict
    (`stale_version`)."""
    table = room.versions("policies")
    known = table.active()
    content = policies.model_dump(mode="json", exclude_none=True)
    if known.version != base:
        if known.before[-1:] == (base,) and _is(table.get(known.version), content, note, caller):
            return known
        raise Conflict("Somebody else changed this meanwhile.", reason="stale_version", version=known.version)
    # A version behind the one in force was left by a call that died: it is this very call's, or nobody's any more.
    newest = next(iter(table.page(limit=1)), None)
    if newest and newest.version > base and _is(newest, content, note, caller):
        return table.activate(known, newest, by=caller.name, now=room.now())
    last = newest.version if newest else 0
    version = table.save(last, content, note=note, by=caller.name, now=room.now())
    return table.activate(known, version, by=caller.name, now=room.now())


def every_active(room: RulesRoom, points: tuple[Point, ...]) -> Mapping[Point, Active]:
    return {point: room.versions(point).active() for point in points}


def table_in(version: Version) -> RuleTable:
    return RuleTable.model_validate(version.content)


def _is(version: Version, content: Mapping[str, object], note: str, caller: Caller) -> bool:
    return (version.content, version.note, version.by) == (content, note, caller.name)


def _content(table: RuleTable) -> dict[str, object]:
    return table.model_dump(mode="json", exclude_none=True)
