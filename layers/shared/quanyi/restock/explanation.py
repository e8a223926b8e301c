"""Why a level is what it is, and why so much is bought: every number in the order it was come by, and words for it.

A step is a code and a whole number, so that it can be kept on a purchase, sent by the API and told in any language.
`low` = `lead_demand` + `review_demand` + `safety`, unless `least` says more; `order_up_to` = `low` + `cover_demand`;
`position` = `available` + `on_order` - `backlog`; `wanted` = `order_up_to` - `position`. `docs/restock.md` tells each.
"""

from collections.abc import Callable
from typing import Literal

from quanyi.catalog.model import Language, Model

Code = Literal[
    "fixed",
    "no_demand",
    "smooth",
    "erratic",
    "intermittent",
    "lumpy",
    "daily",
    "lead_days",
    "review_days",
    "service",
    "calendar_until",
    "lead_demand",
    "review_demand",
    "safety",
    "least",
    "low",
    "cover_demand",
    "order_up_to",
    "available",
    "on_order",
    "backlog",
    "position",
    "wanted",
    "packed",
    "minimum",
    "cap_most_stock",
    "cap_most_ordered",
    "cap_shelf_life",
    "cap_supplier",
    "cap_budget",
    "below_minimum",
    "quantity",
]


class Step(Model):
    code: Code
    value: int


def _number(value: int) -> str:
    return f"{value:,}"


def _thousandths(value: int) -> str:
    return f"{value / 1000:,.1f}" if value >= 10_000 else f"{value / 1000:.3f}".rstrip("0").rstrip(".")


def _percent(value: int) -> str:
    return f"{value / 100:.2f}".rstrip("0").rstrip(".") + "%"


def _date(value: int) -> str:
    return f"{value // 10_000:04}-{value // 100 % 100:02}-{value % 100:02}"


_READ: dict[Code, Callable[[int], str]] = {"daily": _thousandths, "service": _percent, "calendar_until": _date}

WORDS: dict[Code, tuple[str, str]] = {
    "fixed": ("固定阈值", "Fixed levels"),
    "no_demand": ("还没有销量可供预测", "No demand yet to forecast from"),
    "smooth": ("依据 {} 天销量：每天有单，起伏小", "From {} days of demand: on most days, of like size"),
    "erratic": ("依据 {} 天销量：每天有单，起伏大", "From {} days of demand: on most days, of varying size"),
    "intermittent": ("依据 {} 天销量：间断有单，数量相近", "From {} days of demand: on some days only, of like size"),
    "lumpy": ("依据 {} 天销量：间断有单，数量悬殊", "From {} days of demand: on some days only, of varying size"),
    "daily": ("平常日均销量 {} 件", "An ordinary day asks for {} now"),
    "lead_days": ("采购到货需 {} 天", "An order takes {} days to arrive"),
    "review_days": ("每 {} 天检查一次库存", "Stock is looked at every {} days"),
    "service": ("目标现货满足率 {}", "Stock is to serve {} of the units at once"),
    "calendar_until": (
        "节假日安排仅公布至 {}，其后只按星期预测",
        "Holidays are known until {}; after that, only weekdays are",
    ),
    "lead_demand": ("到货前预计售出 {} 件", "Expected to sell until an order arrives: {}"),
    "review_demand": ("下次检查前再预计售出 {} 件", "and until the next look: {}"),
    "safety": ("安全库存 {} 件（预测可能的偏差）", "Safety stock for what the forecast may be off: {}"),
    "least": ("最低保有量 {} 件", "At least {} are held in any case"),
    "low": ("补货点 {} 件", "Reorder point: {}"),
    "cover_demand": ("一次采购另备其后几天所需 {} 件", "For the further days that a purchase is to last: {}"),
    "order_up_to": ("补货至 {} 件", "Order up to: {}"),
    "available": ("现有可售 {} 件", "In stock: {}"),
    "on_order": ("在途 {} 件", "On order: {}"),
    "backlog": ("已付款待发 {} 件", "Paid and waiting: {}"),
    "position": ("库存头寸（可售＋在途－待发）{} 件", "Stock position (in stock + on order - waiting): {}"),
    "wanted": ("尚缺 {} 件", "Wanted: {}"),
    "packed": ("按整包取整为 {} 件", "In whole packs: {}"),
    "minimum": ("供应商起订 {} 件", "The supplier's minimum: {}"),
    "cap_most_stock": ("库存上限内至多再买 {} 件", "At most {} within the most that may be in stock"),
    "cap_most_ordered": ("单次采购至多 {} 件", "At most {} in one purchase"),
    "cap_shelf_life": ("过期前售得完的至多 {} 件", "At most {} will sell before they expire"),
    "cap_supplier": ("供应商今日至多再供 {} 件", "At most {} more from the supplier today"),
    "cap_budget": ("本月预算内至多 {} 件", "At most {} within the month's budget"),
    "below_minimum": (
        "上限 {} 件低于起订量，不采购",
        "{} allowed is less than the supplier's minimum: nothing is bought",
    ),
    "quantity": ("采购 {} 件", "To buy: {}"),
}
"""zh-CN and en."""


class Explanation(Model):
    steps: tuple[Step, ...] = ()

    def __add__(self, more: "Explanation") -> "Explanation":
        return Explanation(steps=self.steps + more.steps)

    def number(self, code: Code) -> int | None:
        """None where the step was not taken."""
        return next((step.value for step in self.steps if step.code == code), None)

    def words(self, language: Language) -> list[str]:
        """A sentence for each step."""
        place = 0 if language == "zh-CN" else 1
        return [WORDS[step.code][place].format(_READ.get(step.code, _number)(step.value)) for step in self.steps]


def explained(**numbers: int) -> Explanation:
    """Of steps by their codes, in this order."""
    return Explanation.model_validate({"steps": [{"code": code, "value": value} for code, value in numbers.items()]})
