"""What the local supplier sells, and what it made of an order."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

State = Literal["pending", "done", "failed"]


class Refused(Exception):
    """An order that the supplier does not take: nothing is charged. `why` is one of `sold_out`, `no_balance`,
    `price_above_most`, `not_on_sale`, `bad_quantity`, `bad_account`, `other_currency`, `key_reused`, `cancelled`."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass
class Good:
    """`cost` and `face_value` are minor units; `stock` is None where it never ends; `fields` are those of a top-up's
    account; `days` is how long a card is good for (None: for ever)."""

    code: str
    title: str
    kind: Literal["card", "topup"] = "card"
    cost: int = 1000
    stock: int | None = 1_000_000
    face_value: int | None = None
    fields: tuple[str, ...] = ()
    minimum: int = 1
    most: int = 1000
    on_sale: bool = True
    days: int | None = None
    pin: bool = True


@dataclass(frozen=True)
class SoldCard:
    number: str = field(repr=False)
    pin: str = field(default="", repr=False)
    expires_at: datetime | None = None


@dataclass
class Sale:
    """An order by the customer's key. `cards` are those delivered so far, `coming` those to be delivered when it is
    done."""

    key: str
    number: str
    code: str
    kind: Literal["card", "topup"]
    quantity: int
    unit_cost: int
    at: datetime
    account: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    notify_url: str = ""
    state: State = "pending"
    cards: list[SoldCard] = field(default_factory=list[SoldCard], repr=False)
    coming: list[SoldCard] = field(default_factory=list[SoldCard], repr=False)
    reason: str = ""
    fails: bool = False
    """It will fail when it is over."""
    ready_at: datetime | None = None
    """When it is over by itself; None: when somebody advances it."""
    ended_at: datetime | None = None

    @property
    def content(self) -> tuple[object, ...]:
        """What the key stands for: the same key with another content is another order, and refused."""
        return self.code, self.quantity, tuple(sorted(self.account.items()))


@dataclass(frozen=True)
class Entry:
    """A line of the books: minor units taken (positive) or given back (negative)."""

    key: str
    number: str
    amount: int
    at: datetime
    quantity: int
    kind: Literal["charge", "refund", "other"]


def usual() -> dict[str, Good]:
    """What a fresh supplier sells."""
    goods = [
        Good("video-30", "视频会员月卡", cost=1500, face_value=2500, days=365),
        Good("music-90", "音乐会员季卡", cost=3000, face_value=4500, days=365),
        Good("game-100", "游戏点卡 100 元", cost=9500, face_value=10_000),
        Good("mobile-50", "话费充值 50 元", kind="topup", cost=4950, face_value=5000, fields=("phone",)),
        Good("qb-10", "Q 币 10 个", kind="topup", cost=960, face_value=1000, fields=("qq",)),
        Good("stone-60", "游戏直充 60", kind="topup", cost=580, face_value=600, fields=("uid", "server")),
    ]
    return {good.code: good for good in goods}
