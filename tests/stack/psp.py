"""A local payment provider as the tests drive it: what shoppers and the provider do there, what it says to the shop
(over HTTP), and what its own books say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from tests.stack.provider import Notice
from tests.stack.shop import AGAIN, Answer, Order, Store, Wire, until

PATIENCE = 45.0
"""Seconds; a function may know of a provider what was true half a minute ago."""
PAYER = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"


@dataclass
class Psp:
    """Amounts are minor units; a payment is named by our number of it."""

    name: ClassVar[str]
    methods: ClassVar[tuple[str, ...]]
    thanks: ClassVar[tuple[str, str]]
    """Content type and body of the answer that it wants."""
    actions: dict[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]], kw_only=True)
    """What shoppers were told to do, by payment."""
    _heard: dict[str, int] = field(default_factory=dict[str, int], kw_only=True)

    @property
    def path(self) -> str:
        return f"/v1/payments/{self.name}/notify"

    def open(self, site: Store, order: Order, method: str = "", key: str = "pay-1") -> str:
        """The shopper chooses this provider; answers the payment. Tried again while the shop does not offer it yet."""
        how = {"provider": self.name, "method": method or self.methods[0], "return_url": "https://shop.example.com/"}
        how |= {"client_ip": "192.0.2.7"} | ({"payer": PAYER} if method == "jsapi" else {})

        def opened() -> Answer | None:
            answer = site.start_payment(order, key, **how)
            return None if answer.code == "provider_not_offered" else answer

        made = until(opened, seconds=PATIENCE, every=1).must(201)
        assert (made["provider"], made["method"]) == (self.name, how["method"])
        self.actions[made["id"]] = made["action"]
        return made["id"]

    def paid(self, site: Store, order: Order, key: str = "pay-1", amount: int | None = None) -> str:
        """Opened and paid, in full if not told otherwise, and nobody was told of it."""
        payment = self.open(site, order, key=key)
        self.pay(payment, amount)
        return payment

    def tell(self, wire: Wire, payment: str) -> None:
        """All that it has to say about the payment is sent until the shop has taken it, as every provider does."""
        for notice in self.notices(payment):
            self.send(wire, notice)

    def tell_news(self, wire: Wire, payment: str) -> None:
        """Likewise, but only what the shop was not told by this yet."""
        for notice in self.notices(payment)[self._heard.get(payment, 0) :]:
            self.send(wire, notice)
            self._heard[payment] = self._heard.get(payment, 0) + 1

    def send(self, wire: Wire, notice: Notice) -> None:
        def taken() -> bool:
            answer = notice.send(wire, self.path)
            if answer.status == 200:
                assert form_of(answer) == (200, *self.thanks)
            return answer.status == 200

        until(taken, seconds=PATIENCE, every=0.5)

    def tell_itself(self, payment: str) -> None:
        """The same, but the provider sends it to the address that it was given."""

        def taken() -> bool:
            statuses = self.told(payment)
            assert {*statuses} <= {0, 200, 404, *AGAIN}, statuses
            return {*statuses} == {200}

        until(taken, seconds=PATIENCE, every=0.5)

    # What each does in its own way.

    @property
    def url(self) -> str:
        raise NotImplementedError

    def access(self) -> dict[str, Any]:
        """What a merchant enters."""
        raise NotImplementedError

    def rotate(self) -> None:
        """It has new secrets for the merchant; those before still serve."""
        raise NotImplementedError

    def pay(self, payment: str, amount: int | None = None, currency: str | None = None) -> None:
        raise NotImplementedError

    def begin(self, payment: str) -> None:
        """The shopper looks at it and goes away."""

    def notices(self, payment: str, version: int = 0) -> list[Notice]:
        """All that it has to say about it by now. `version` counts its secrets, the newest first."""
        raise NotImplementedError

    def told(self, payment: str) -> list[int]:
        """Sends that once; answers the statuses, 0 for no answer."""
        raise NotImplementedError

    def console_refund(self, payment: str, amount: int) -> None:
        """The merchant refunds at the provider's own pages."""
        raise NotImplementedError

    def taken(self, payment: str) -> int:
        raise NotImplementedError

    def refunds(self, payment: str) -> list[int]:
        """Each that went back."""
        raise NotImplementedError

    def is_open(self, payment: str) -> bool:
        """Whether it can still be paid."""
        raise NotImplementedError

    def refusal(self, code: str) -> tuple[str, str]:
        """Content type and body of the answer that says no."""
        raise NotImplementedError

    def forgeries(self, payment: str, other: str, strangers_key: Any) -> dict[str, Notice]:
        """By what is wrong. `payment` and `other` are paid; `strangers_key` is another provider's."""
        raise NotImplementedError


def form_of(answer: Answer) -> tuple[int, str, str]:
    """Status, content type and body, as a provider would compare them."""
    return answer.status, answer.headers["content-type"].split(";")[0], answer.raw.decode()
