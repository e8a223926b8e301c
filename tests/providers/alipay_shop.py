"""A shop with Alipay against the local one: what the tests of the adapter share. No network beyond 127.0.0.1."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.request import urlopen

import pytest

from quanyi.orders.numbers import payment_number, refund_number, share_number
from quanyi.payments.access import Access
from quanyi.payments.alipay.provider import Alipay
from quanyi.payments.port import Captured, Created, Intent, Refunding, Try
from quanyi.secret import Secret
from tools.local.providers import alipay as local
from tools.local.providers.alipay_keys import Pair

NOON = datetime(2026, 11, 23, 4, 0, 0, tzinfo=UTC)
"""Noon in China."""
ORDER = "O0123456789ABCDEFGHJK"
PAYMENT = payment_number(ORDER, "alipay", "first")
KEYS = Pair()
"""Made once for all tests: keys of 2048 bits are slow to find."""


@dataclass
class Hands:
    """A clock that both sides read."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def on(self, **by: float) -> datetime:
        self.now += timedelta(**by)
        return self.now


@dataclass
class Shop:
    server: local.Alipay
    provider: Alipay
    clock: Hands
    created: dict[str, Created] = field(default_factory=dict[str, Created])

    def intent(self, method: str = "page", payment: str = PAYMENT, amount: int = 1999, **more: Any) -> Intent:
        intent = Intent(
            payment=payment,
            amount=amount,
            currency="CNY",
            deadline=NOON + timedelta(minutes=15),
            title="视频会员 1/2 月卡",
            method=method,
            notify_url="http://127.0.0.1:9/notify",
            return_url="https://shop.example/return?order=1",
        )
        return replace(intent, **more)

    def offer(self, method: str = "page", payment: str = PAYMENT, amount: int = 1999) -> Created:
        """Created, and the address opened where there is one."""
        created = self.provider.create(self.intent(method, payment, amount))
        if created.action["type"] == "redirect":
            with urlopen(created.action["url"]) as page:
                assert page.status == 200
        self.created[payment] = created
        return created

    def known(self, payment: str = PAYMENT, amount: int = 1999) -> Try:
        return Try(payment, amount, "CNY", NOON, reference=self.created[payment].reference)

    def paid(self, payment: str = PAYMENT, amount: int = 1999) -> Captured:
        self.offer(payment=payment, amount=amount)
        return Captured(payment, self.server.pay(payment), amount, "CNY")

    def refunding(self, taken: Captured, amount: int, count: int = 0) -> Refunding:
        key = share_number(refund_number(taken.order, count), 1)
        return Refunding(key, taken.payment, taken.transaction, amount, taken.amount, "CNY", "补卡失败", self.clock.now)


def access_to(server: local.Alipay, *pairs: Pair, **more: Any) -> Access:
    told = local.access(server)
    live = tuple({name: Secret(text) for name, text in pair.secrets().items()} for pair in pairs or server.pairs)
    return Access(told["account"], live, told["endpoint"], **{"timeout": 5.0, **more})


@pytest.fixture
def shop() -> Iterator[Shop]:
    clock = Hands()
    server = local.Alipay(clock, keys=KEYS).start()
    yield Shop(server, Alipay(access_to(server), clock), clock)
    server.stop()
