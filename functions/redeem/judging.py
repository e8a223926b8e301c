"""What the shop's rules about risk are asked of a redemption. What they go by is read along with the voucher's own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from quanyi.callers import Caller
from quanyi.members.contact import hashed
from quanyi.replay import body_hash
from quanyi.risk.assess import Lookup
from quanyi.risk.facts import IDENTITIES, Identity
from quanyi.risk.identities import HASH, traces
from quanyi.risk.uses import UseAsked, use_facts, worth_of
from quanyi.table import Item
from quanyi.vault.keys import NamedKeys
from quanyi.vouchers.model import Series
from quanyi.vouchers.use import Use, Voucher, use_id_of
from redeem.messages import UseBody
from redeem.wiring import Till

_NOBODY = {"code": None, "pin": None, "qr": None, "member": None, "phone": None, "client_ip": None}


@dataclass(frozen=True)
class Request:
    """One request to redeem: `key` is its number, by its caller's count."""

    caller: Caller
    key: str
    body: UseBody

    @property
    def use_id(self) -> str:
        return use_id_of(self.caller.channel or self.caller.key_id, self.key)

    def asked(self, store: str, member: str) -> str:
        """What tells a repeated request from another one under the same key. Without what was presented, since that is
        this voucher's either way, and without what names the customer, but for the keyed hash."""
        return body_hash(store, member, body=self.body.model_copy(update=_NOBODY))

    def same(self, card_id: str, store: str, member: str) -> str:
        """Equal for all requests for the same use of a voucher, whoever stands at the till and by whatever number."""
        return body_hash(card_id, store, member, body=self.body.model_copy(update={**_NOBODY, "operator": ""}))


@dataclass(frozen=True)
class Inquiry:
    """`items` are what was found under the lookup's keys."""

    asked: UseAsked
    lookup: Lookup
    items: Sequence[Item] = ()


def inquiry(till: Till, request: Request, voucher: Voucher, store: str, member: str, now: datetime) -> Inquiry:
    asked = UseAsked(
        voucher=voucher,
        use_id=request.use_id,
        asked=request.asked(store, member),
        same=request.same(voucher.card_id, store, member),
        terminal=request.caller.key_id,
        persons=_persons(till.keys, request, member),
    )
    return Inquiry(asked, till.risk.before_redemption(asked, now))


def judge(till: Till, inquiry: Inquiry, series: Series, use: Use, region: str, order: Item | None) -> None:
    """Whether the use may be made: decided once for a request, by the voucher as it was found. Raises RiskRefused,
    ReviewNeeded, ApprovalUsed, Busy."""
    voucher = inquiry.asked.voucher
    sold_in = order["currency"] if order else series.terms.currency
    facts = use_facts(voucher, series, use, region, sold_in)
    worth = worth_of(voucher, series, use, sold_in)
    till.risk.at_redemption(inquiry.lookup, inquiry.items, inquiry.asked, facts, worth, use.at)


def _persons(keys: NamedKeys, request: Request, member: str) -> dict[Identity, str]:
    """Who uses the voucher, as far as the till tells. An address is the shopper's only where a channel's server says
    so; a till's own is the store's."""
    body, server = request.body, request.caller.role == "storefront"
    found: dict[str, str] = {
        "member": member,
        "phone": hashed(keys, body.phone.reveal()).value[:HASH] if body.phone else "",
        **traces(keys, device="", ip=str(body.client_ip or "") if server else ""),
    }
    return {kind: value for kind in IDENTITIES if (value := found.get(kind))}
