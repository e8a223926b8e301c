"""What the shop sells, where it redeems, and how its clients spread over the day."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

START = datetime(2026, 11, 22, 16, tzinfo=UTC)
"""Monday 2026-11-23, midnight in the shop's zone (+08:00)."""
DAYS = 7
"""Orders are placed in so many days; what follows from them (a redemption, a refund) may come later."""
END = START + timedelta(days=DAYS)
HOLD = timedelta(minutes=15)
"""How long an unpaid order holds its units."""
REGIONS = ("east", "north", "south", "west")
STORES = {f"{region}-{number}": region for region in REGIONS for number in range(1, 7)}
CHANNELS = ("site", "app", "mini_program", "taobao")
AGENT_CHANNEL = "agents"
_BY_HOUR = (3, 2, 1, 1, 1, 1, 2, 4, 6, 8, 9, 9, 10, 9, 8, 8, 8, 8, 9, 11, 13, 13, 10, 6)


@dataclass(frozen=True, slots=True)
class Goods:
    """A SKU. A voucher belongs to `region` and should not be sold below `floor` (minor units)."""

    sku: str
    kind: str
    price: int
    weight: int
    region: str | None = None
    floor: int | None = None


_CARDS = (
    Goods("music-month", "card", 1500, 16),
    Goods("game-30", "card", 2900, 20),
    Goods("video-month", "card", 2500, 20),
    Goods("game-100", "card", 9800, 14),
    Goods("shop-card-200", "card", 19800, 6),
    Goods("game-500", "card", 48800, 4),
    Goods("phone-1", "card", 100, 3),
)
_VOUCHERS = tuple(
    Goods(f"{name}-{region}", "voucher", price, weight, region, floor)
    for region in REGIONS
    for name, price, weight, floor in (("coffee", 2800, 4, 2300), ("dinner", 9900, 2, 8200))
)
GOODS = {goods.sku: goods for goods in (*_CARDS, *_VOUCHERS)}
CARDS = tuple(goods.sku for goods in _CARDS)
VOUCHERS = tuple(goods.sku for goods in _VOUCHERS)
FLASH_SKU = "game-100"
FLASH_PRICE = 6900
FLASH_DAY, FLASH_HOUR = 3, 20
"""The week's flash sale, in the shop's zone: Thursday at eight in the evening."""


def some_moment(chance: Random, day: int | None = None) -> datetime:
    """A moment at which people shop, on any day of the week or on the `day` (0 is Monday)."""
    day = chance.randrange(DAYS) if day is None else day
    hour = chance.choices(range(24), _BY_HOUR)[0]
    return START + timedelta(days=day, hours=hour, seconds=chance.uniform(0, 3600))


def flash_sale() -> datetime:
    return START + timedelta(days=FLASH_DAY, hours=FLASH_HOUR)


def some_goods(chance: Random) -> str:
    return chance.choices(list(GOODS), [goods.weight for goods in GOODS.values()])[0]


def store_in(chance: Random, region: str) -> str:
    return chance.choice([store for store, of in STORES.items() if of == region])


def elsewhere(chance: Random, region: str) -> str:
    """A store of another region."""
    return chance.choice([store for store, of in STORES.items() if of != region])
