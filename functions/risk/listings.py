"""Block and allow lists: what is typed in plain is kept as a keyed hash.

An entry that is taken off stays to be seen for as long as the table keeps what is over.
"""

import re
from collections.abc import Sequence

from quanyi.callers import Caller
from quanyi.errors import Invalid, NotFound
from quanyi.members.contact import Contact, hashed
from quanyi.members.model import member_id
from quanyi.risk.identities import HASH, address_of, persons_of, traced, traces
from quanyi.risk.list_table import of_id
from quanyi.risk.lists import Effect, Listed
from quanyi.table import decode_cursor, encode_cursor
from risk.messages import ListBody, WhoBody
from risk.wiring import RulesRoom

MEMBER = re.compile(r"M[0-9A-Z]{20}")
PAGES = 10
"""Of the index that one page of the list may read."""


def put_on(room: RulesRoom, caller: Caller, body: ListBody) -> Listed:
    """Lists an identity, in place of how it was listed. The same again changes nothing.

    Raises NotFound (order), Invalid (`bad_value`, `not_known`: the order has no such identity; `until_past`).
    """
    now = room.now()
    if body.until and body.until <= now:
        raise Invalid("An entry ends in the future.", reason="until_past")
    entry = Listed(
        kind=body.kind,
        hash=hash_of(room, body),
        effect=body.effect,
        reason=body.reason,
        until=body.until,
        by=caller.name,
        at=now,
    )
    known = room.lists.get(entry.kind, entry.hash)
    if known and known.model_copy(update={"at": now}) == entry:
        return known
    room.lists.put(entry)
    return entry


def look_up(room: RulesRoom, body: WhoBody) -> Listed:
    """Raises NotFound, Invalid (`bad_value`, `not_known`)."""
    found = room.lists.get(body.kind, hash_of(room, body))
    if found is None:
        raise NotFound("entry")
    return found


def take_off(room: RulesRoom, caller: Caller, entry: str) -> Listed:
    """Ends an entry now. The same again changes nothing. Raises NotFound."""
    known = of_id(entry)
    found = room.lists.get(*known) if known else None
    if found is None:
        raise NotFound("entry")
    return room.lists.end(found, by=caller.name, now=room.now())


def page_of(
    room: RulesRoom, effect: Effect, over: bool, limit: int, cursor: str | None
) -> tuple[Sequence[Listed], str | None]:
    """Newest first; with those that are over on demand. Raises Malformed, Invalid (`cursor`)."""
    start = decode_cursor(cursor, ("pk", "sk", "list", "listed"))
    if start and start["list"] != f"LISTED#{effect}":
        raise Invalid("The cursor belongs to another list.", reason="cursor")
    found: list[Listed] = []
    for _ in range(PAGES):
        page = room.lists.page(effect, limit=limit - len(found), start=start)
        known = room.lists.find([of for item in page.items if (of := of_id(item["listed"].partition("#")[2]))])
        found += [each for each in known if each.effect == effect and (over or each.stands(room.now()))]
        start = page.next
        if start is None or len(found) >= limit:
            break
    return found, encode_cursor(start)


def hash_of(room: RulesRoom, who: WhoBody) -> str:
    """The keyed hash of who is meant. Raises NotFound (order), Invalid (`bad_value`, `not_known`)."""
    if who.order:
        found = persons_of(room.orders.get(who.order)).get(who.kind)
        if found is None:
            raise Invalid("The order has no such identity.", reason="not_known")
        return found
    found = _hash(room, who)
    if not found:
        raise Invalid(f"This is no {who.kind}.", reason="bad_value")
    return found


def _hash(room: RulesRoom, who: WhoBody) -> str | None:
    value = who.value.reveal().strip() if who.value else ""
    match who.kind:
        case "email" | "phone":
            found = hashed(room.keyring, value)
            plausible = found.kind == who.kind and (who.kind == "email" or sum(c.isdigit() for c in value) >= 5)
            return found.value[:HASH] if plausible else None
        case "ip":
            return traces(room.keyring, device="", ip=value).get("ip")
        case "net":
            return traces(room.keyring, device="", ip=address_of(value)).get("net")
        case "member" if who.channel:
            return member_id(room.keyring, who.channel, value, Contact())
        case "member":
            return value if MEMBER.fullmatch(value) else None
        case "device" | "payer":
            return traced(room.keyring, who.kind, value)
