"""How the checks of adapters buy: an adapter as a deployment builds it, against the local supplier of its protocol."""

from collections.abc import Generator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

import pytest

from quanyi.secret import Secret
from quanyi.supply import port, wire
from quanyi.supply.model import Supplier
from quanyi.supply.port import Answer, Asked, BoughtCard, Call, Recharge, Wanted
from quanyi.supply.registry import supplier_of
from tools.local.suppliers import face as faces
from tools.local.suppliers.faults import GROUPS, Faults, Kind
from tools.local.suppliers.server import SupplierServer
from tools.local.suppliers.shop import Shop

KEY = "P0123456789ABCDEFGHJKMNPQRS"
NOTIFY = "https://shop.example/prod/v1/suppliers/acme/notify"
ENDINGS = [name for name in GROUPS["ending"] if not name.startswith("hang")]
PRICED: tuple[Kind, ...] = ("quote", "stock")
"""Questions that tell a price, whatever a face calls them."""
UNTRUE = [name for name in ENDINGS if not name.endswith("_before")]
"""Endings of calls that are carried out all the same."""


def built(server: SupplierServer, *, shift: timedelta = timedelta(0), **terms: Any) -> Any:
    """The adapter for a server, as a deployment builds it; its clock is `shift` off."""
    told = server.access
    moment = datetime.now(UTC)
    made = {name: told[name] for name in ("adapter", "endpoint", "account", "currency")}
    settings = Supplier(id="acme", title="Acme", created_at=moment, updated_at=moment, **(made | terms))
    secrets = {name: Secret(text) for name, text in told["secrets"].items()}
    return supplier_of(settings, [secrets], lambda: datetime.now(UTC) + shift)


def heard(callback: faces.Callback) -> Call:
    """As the shop hears it, behind its gateway: without the stage in the path."""
    where = urlsplit(callback.url)
    path = where.path.removeprefix("/prod")
    headers = {name.lower(): value for name, value in callback.headers.items()}
    return Call("POST", path, dict(parse_qsl(where.query)), headers, callback.body)


def numbers(cards: tuple[BoughtCard, ...]) -> list[str]:
    return [card.face.number.reveal() for card in cards]


class Buyer:
    """Of one adapter; these are the ways in which protocols may differ."""

    face: ClassVar[str]
    card_code: ClassVar[str] = "video-30"
    topup_code: ClassVar[str] = "stone-60"
    account: ClassVar[Mapping[str, str]] = {"uid": "7700123456", "server": "s1"}
    definite: ClassVar[frozenset[str]] = frozenset({"sold_out", "no_balance", "not_on_sale", "bad_account"})
    """Refusals that the protocol tells clearly; others must be `unknown`."""
    stranger: ClassVar[port.AnswerState] = "absent"
    """What a key is that the supplier has never seen."""
    callback_bears_time: ClassVar[bool] = True
    answers_are_signed: ClassVar[bool] = True
    """Else an answer is the supplier's by TLS alone."""
    nobody: ClassVar[Mapping[str, str] | None] = None
    """An account that it refuses to top up; None: one whose parts end in zeros."""
    cannot: ClassVar[frozenset[str]] = frozenset()
    """Faults that this supplier can never have; it says so when it is asked to (`NoSuchFault`)."""
    many: ClassVar[tuple[int, int]] = (120, 60)
    """Goods, and orders of a day, that take more than a page."""

    def reply(self, server: SupplierServer, method: str, url: str, raw: bytes, status: int = 200) -> wire.Reply:
        """An answer of the supplier's, rightly signed, with whatever is in it."""
        raise NotImplementedError

    def serving(self, *, currency: str = "CNY", tls: bool = False) -> SupplierServer:
        """A supplier of its own, which nobody knows yet."""
        return SupplierServer(self.face, tls=tls, shop=Shop(Faults(1), currency=currency))

    @pytest.fixture
    def server(self) -> Generator[SupplierServer]:
        with self.serving() as server:
            yield server

    def wanted(self, key: str = KEY, quantity: int = 2, **changes: Any) -> Wanted:
        made = Wanted(key, self.card_code, quantity, 2000, "CNY", NOTIFY, datetime.now(UTC))
        return replace(made, **changes)

    def recharge(self, key: str = KEY, **changes: Any) -> Recharge:
        account = {name: Secret(value) for name, value in self.account.items()}
        made = Recharge(key, self.topup_code, 1, 2000, "CNY", NOTIFY, datetime.now(UTC), account)
        return replace(made, **changes)

    def asked(self, key: str = KEY, *, topup: bool = False) -> Asked:
        return Asked(key, "", topup, datetime.now(UTC))

    def is_over(self, supplier: Any, answer: Answer, *, topup: bool = False) -> Answer:
        """An order may be pending before its cards can be asked for; then it is asked about, once."""
        return supplier.query(self.asked(topup=topup)) if answer.state == "pending" else answer

    def unreached(self, supplier: Any, answer: Answer) -> bool:
        """What an order is whose supplier was never reached: one that asks the price first knows that it sent none."""
        return answer.state == ("failed" if "price_check" in supplier.abilities else "unknown")

    def kind(self, server: SupplierServer, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Kind:
        """What a request asks for."""
        where = urlsplit(url)
        lower = {name.lower(): value for name, value in headers.items()}
        return server.face.about(faces.Asked(method, where.path, lower, body))[0]
