"""The member's item: its data key, and what it bought of limited SKUs.

Each member has a data key of their own, wrapped under the deployment's member key (which KMS wraps). Erasing a member
destroys the key, and with it every contact and account that was ever sealed under it, in tables and in backups alike.

A purchase limit is a set of unit tokens on the buyer's item, not a counter: adding the same tokens again changes
nothing, so a replayed order counts once, and giving them back twice takes them off once.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from quanyi.clock import stamp
from quanyi.errors import NotFound, OverLimit
from quanyi.ids import Draw
from quanyi.table import ConditionFailed, Item, Table
from quanyi.vault.kms import Keyring
from quanyi.vault.sealing import seal, unseal


@dataclass(frozen=True)
class Limited:
    """A limited SKU in an order: at most `limit` units for ever, and the tokens of the units wanted now."""

    sku: str
    limit: int
    tokens: tuple[str, ...]


def limited(order: str, quantities: Mapping[str, int], limits: Mapping[str, int | None]) -> list[Limited]:
    """Tokens for those SKUs of an order that have a limit per buyer."""
    return [
        Limited(sku, limit, tuple(f"{order}.{i}" for i in range(quantity)))
        for sku, quantity in quantities.items()
        if (limit := limits.get(sku)) is not None
    ]


@dataclass(frozen=True)
class MembersTable:
    table: Table
    keyring: Keyring
    draw: Draw = secrets.token_bytes

    def enter(self, member: str, purchases: Sequence[Limited], now: datetime) -> bytes:
        """Makes the member if it is new, counts the purchases, and answers the member's data key: one write.

        Raises OverLimit with every SKU whose limit would be passed; then nothing was counted.
        """
        if any(purchase.limit < len(purchase.tokens) for purchase in purchases):
            raise OverLimit("The purchase limit would be passed.", limits=_passed({}, purchases))
        fresh = seal(self.keyring.key("member"), secrets.token_hex(32), member, self.draw)
        sets = "SET #key = if_not_exists(#key, :wrapped), since = if_not_exists(since, :now)"
        adds: list[str] = []
        conditions: list[str] = []
        names: dict[str, str] = {}
        values: dict[str, Any] = {}
        for i, purchase in enumerate(purchases):
            most = purchase.limit - len(purchase.tokens)
            names[f"s{i}"] = _attribute(purchase.sku)
            values |= {f"t{i}": set(purchase.tokens), f"most{i}": most, f"first{i}": purchase.tokens[0]}
            adds.append(f"#s{i} :t{i}")
            conditions.append(f"(attribute_not_exists(#s{i}) OR size(#s{i}) <= :most{i} OR contains(#s{i}, :first{i}))")
        try:
            item = self.table.update(
                _key(member),
                sets + (f" ADD {', '.join(adds)}" if adds else ""),
                condition=" AND ".join(conditions) or None,
                names=names,
                wrapped=fresh,
                now=stamp(now),
                **values,
            )
        except ConditionFailed as failed:
            raise OverLimit("The purchase limit would be passed.", limits=_passed(failed.item, purchases)) from None
        return self._opened(member, item)

    def give_back(self, member: str, purchases: Sequence[Limited]) -> None:
        """Takes the tokens of an order that came to nothing off again. Harmless when repeated."""
        if not purchases:
            return
        names = {f"s{i}": _attribute(p.sku) for i, p in enumerate(purchases)}
        change = "DELETE " + ", ".join(f"#s{i} :t{i}" for i in range(len(purchases)))
        values: dict[str, Any] = {f"t{i}": set(p.tokens) for i, p in enumerate(purchases)}
        self.table.update(_key(member), change, names=names, **values)

    def data_key(self, member: str) -> bytes:
        """The member's data key. Raises NotFound when the member was erased."""
        item = self.table.get(_key(member))
        if item is None or "key" not in item:
            raise NotFound("member")
        return self._opened(member, item)

    def _opened(self, member: str, item: Item) -> bytes:
        return bytes.fromhex(unseal(self.keyring.key("member"), item["key"], member))


def _key(member: str) -> dict[str, str]:
    return {"pk": f"MEMBER#{member}", "sk": "PROFILE"}


def _attribute(sku: str) -> str:
    return f"bought#{sku}"


def _passed(item: Item, purchases: Sequence[Limited]) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for purchase in purchases:
        bought = item.get(_attribute(purchase.sku), set()) - set(purchase.tokens)
        if len(bought) + len(purchase.tokens) > purchase.limit:
            found.append({"sku": purchase.sku, "limit": purchase.limit, "bought": len(bought), "per": "buyer"})
    return found
