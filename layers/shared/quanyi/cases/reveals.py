"""From where a buyer opened what they bought: evidence for a dispute, written before anything is decrypted.

ORDER#<id>    REVEAL#<what>    once for the same units and cards: when, which, by whom, and the sealed address
"""

import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from quanyi.callers import Caller
from quanyi.cases.reveal import Reveal
from quanyi.clock import moment, stamp
from quanyi.errors import NotFound
from quanyi.ids import Draw, derived_id
from quanyi.members.table import MembersTable
from quanyi.orders.model import Order, Unit
from quanyi.table import ConditionFailed, Item, Table
from quanyi.vault.sealing import Tampered, seal, unseal


@dataclass(frozen=True)
class Reveals:
    """`table` is the orders table."""

    table: Table
    members: MembersTable
    draw: Draw = secrets.token_bytes

    def note(self, order: Order, units: Sequence[Unit], caller: Caller, now: datetime) -> None:
        """Notes that these units of an order are about to be opened; the same again changes nothing."""
        if not units:
            return
        shown = [unit.id for unit in units]
        what = derived_id("", *(f"{unit.id}:{unit.card or ''}" for unit in units))
        key = {"pk": f"ORDER#{order.id}", "sk": f"REVEAL#{what}"}
        if self.table.get(key, consistent=False):
            return
        item: Item = {**key, "v": 1, "at": stamp(now), "units": shown, "by": caller.role, "ip": None}
        with suppress(NotFound):  # erased: then nothing of them is kept
            item["ip"] = seal(self.members.data_key(order.member), caller.ip, _bound(key["sk"], order), self.draw)
        try:
            self.table.put(item, condition="attribute_not_exists(pk)")
        except ConditionFailed:
            return

    def units(self, order: Order) -> set[str]:
        """Those that were opened before."""
        return {unit for item in self._noted(order) for unit in item["units"]}

    def current(self, order: Order) -> frozenset[str]:
        """Those whose present delivery was opened: not only one that it replaced."""
        noted = [(moment(item["at"]), set(item["units"])) for item in self._noted(order)]
        delivered = [(unit.id, unit.delivered_at) for unit in order.units if unit.delivered_at]
        return frozenset(unit for unit, since in delivered if any(at >= since and unit in units for at, units in noted))

    def of(self, order: Order) -> list[Reveal]:
        """Oldest first."""
        items = self._noted(order)
        try:
            key = self.members.data_key(order.member) if items else b""
        except NotFound:
            key = b""
        found = [Reveal.model_validate({**item, "ip": _opened(key, item, order)}) for item in items]
        return sorted(found, key=lambda reveal: reveal.at)

    def _noted(self, order: Order) -> list[Item]:
        return list(
            self.table.query_all(
                "pk = :pk AND begins_with(sk, :reveal)", consistent=True, pk=f"ORDER#{order.id}", reveal="REVEAL#"
            )
        )


def _opened(key: bytes, item: Item, order: Order) -> str | None:
    if not key or not item.get("ip"):
        return None
    try:
        return unseal(key, item["ip"], _bound(item["sk"], order))
    except Tampered:
        return None


def _bound(sk: str, order: Order) -> str:
    return f"{order.id}#{sk}"
