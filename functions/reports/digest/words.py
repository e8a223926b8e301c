"""The digest's words in the languages of the shop's people, and how it writes numbers."""

from collections.abc import Mapping
from datetime import date
from string import Template
from types import MappingProxyType

from quanyi.catalog.model import Language
from quanyi.money import decimals

NONE = "\u2014"
MINUS = "\u2212"

_WORDS: Mapping[Language, Mapping[str, str]] = MappingProxyType(
    {
        "zh-CN": {
            "title": "经营日报",
            "subject": "经营日报 $day：成交额 $gmv",
            "subject_change": "经营日报 $day：成交额 $gmv（较前一日 $change）",
            "subject_quiet": "经营日报 $day：当日没有订单",
            "quiet": "$day 没有订单，也没有收款或退款。",
            "before": "较前一日",
            "week_before": "较上周同日",
            "first_day": "这是有数据的第一天，暂无可比较的日期。",
            "steps": "下一步",
            "metric": "指标",
            "own": "当日",
            "gmv": "成交额",
            "net": "净收款",
            "revenue": "收入",
            "margin": "毛利",
            "margin_rate": "毛利率",
            "average_order": "客单价",
            "returned": "退款",
            "orders_paid": "支付订单",
            "buyers": "购买人数",
            "new_buyers": "其中新客",
            "success": "支付成功率",
            "p50": "发货时长 p50",
            "p95": "发货时长 p95",
            "trade": "近 $days 天成交额与毛利",
            "trade_note": "蓝线为成交额（GMV），灰线为毛利（margin）；圆圈为往期同一星期几。",
            "channels": "渠道成交占比",
            "products": "热销商品",
            "units": "$count 件",
            "payments": "近 $days 天支付成功率",
            "refused": "当日失败原因",
            "delivery": "近 $days 天发货时长",
            "delivery_note": "从付款到发货，一半的商品不超过 p50，95% 不超过 p95；纵轴为对数刻度。",
            "alerts": "需要处理",
            "more_alerts": "另有 $count 条，见预警列表。",
            "link": "查看报表",
            "foot": "数据截至 $made_at（$zone）。金额按币种分别列出，不相加。各项定义见 docs/metrics/trading.md。",
            "foot_off": "停止接收，或更改收件人、时间、语言：控制台的“经营日报邮件”。",
            "alt_trade": (
                "近 $days 天成交额与毛利（$currency）：$day 成交额 $gmv，毛利 $margin；成交额最高 $most（$most_day）。"
            ),
            "alt_channels": "$day 各渠道成交额占比（$currency）：$parts。",
            "alt_payments": "近 $days 天各支付渠道成功率，$day：$parts。",
            "alt_delivery": "近 $days 天发货时长，$day：p50 $p50，p95 $p95。",
            "points": "个点",
            "weekdays": "周一 周二 周三 周四 周五 周六 周日",
            "between": "，",
            "named": "$of：$what",
        },
        "en": {
            "title": "Daily digest",
            "subject": "Daily digest $day: GMV $gmv",
            "subject_change": "Daily digest $day: GMV $gmv ($change on the day before)",
            "subject_quiet": "Daily digest $day: no orders",
            "quiet": "There were no orders on $day, and no money came or went back.",
            "before": "Day before",
            "week_before": "Week before",
            "first_day": "This is the first day with numbers: there is none to compare it with.",
            "steps": "What to do next",
            "metric": "Number",
            "own": "The day",
            "gmv": "GMV",
            "net": "Net receipts",
            "revenue": "Revenue",
            "margin": "Margin",
            "margin_rate": "Margin rate",
            "average_order": "Average order",
            "returned": "Paid back",
            "orders_paid": "Orders paid",
            "buyers": "Buyers",
            "new_buyers": "New ones",
            "success": "Payment success",
            "p50": "Delivery p50",
            "p95": "Delivery p95",
            "trade": "GMV and margin, $days days",
            "trade_note": "Blue is GMV, grey is margin; rings mark the same weekday of the weeks before.",
            "channels": "GMV by channel",
            "products": "Best sellers",
            "units": "$count sold",
            "payments": "Payment success, $days days",
            "refused": "Refused on the day for",
            "delivery": "From payment to delivery, $days days",
            "delivery_note": "Half of the units took no longer than p50, 95% no longer than p95; tenfold steps.",
            "alerts": "To be seen to",
            "more_alerts": "$count more are in the list of alerts.",
            "link": "See the reports",
            "foot": (
                "As of $made_at ($zone). Currencies stand apart and are never added. Definitions: "
                "docs/metrics/trading.md."
            ),
            "foot_off": ("To stop these mails, or to change who gets them, when and how: Digest mail in the console."),
            "alt_trade": (
                "GMV and margin of $days days ($currency): on $day GMV $gmv, margin $margin; the most was $most "
                "($most_day)."
            ),
            "alt_channels": "Shares of GMV by channel on $day ($currency): $parts.",
            "alt_payments": "Payment success by provider over $days days; on $day: $parts.",
            "alt_delivery": "From payment to delivery over $days days; on $day p50 $p50, p95 $p95.",
            "points": "points",
            "weekdays": "Mon Tue Wed Thu Fri Sat Sun",
            "between": ", ",
            "named": "$of: $what",
        },
    }
)

_PROVIDERS: Mapping[Language, Mapping[str, str]] = MappingProxyType(
    {
        "zh-CN": {"alipay": "支付宝", "wechat": "微信支付", "stripe": "Stripe", "sandbox": "沙箱"},
        "en": {"alipay": "Alipay", "wechat": "WeChat Pay", "stripe": "Stripe", "sandbox": "Sandbox"},
    }
)
_SECONDS: Mapping[Language, tuple[tuple[int, str], ...]] = MappingProxyType(
    {
        "zh-CN": ((86_400, " 天"), (3600, " 小时"), (60, " 分钟"), (1, " 秒")),
        "en": ((86_400, " d"), (3600, " h"), (60, " min"), (1, " s")),
    }
)


def word(language: Language, name: str, **values: object) -> str:
    return Template(_WORDS[language][name]).substitute({key: str(value) for key, value in values.items()})


def named_day(language: Language, day: date) -> str:
    """`2026-11-26 周四`."""
    return f"{day} {_WORDS[language]['weekdays'].split()[day.weekday()]}"


def provider_name(language: Language, code: str) -> str:
    return _PROVIDERS[language].get(code, code)


def money(amount: int | None, currency: str) -> str:
    """`12,345.67`, without its currency."""
    if amount is None:
        return NONE
    digits = decimals(currency)
    whole, rest = divmod(abs(amount), 10**digits)
    return f"{MINUS if amount < 0 else ''}{whole:,}" + (f".{rest:0{digits}}" if digits else "")


def count(number: int | None) -> str:
    return NONE if number is None else f"{number:,}"


def percent(points: int | None) -> str:
    """`96.3%` of basis points."""
    return NONE if points is None else f"{MINUS if points < 0 else ''}{abs(points) / 100:.1f}%"


def changed(points: int | None) -> str:
    """`+12.3%`; a thousandfold is not worth its digits."""
    if points is None:
        return NONE
    if points > _MOST_CHANGE:
        return f"×{(points + 10_000) / 10_000:,.0f}"
    return "±0%" if not round(points, -1) else f"{'+' if points > 0 else MINUS}{abs(points) / 100:.1f}%"


_MOST_CHANGE = 99_990
"""Basis points: tenfold."""


def shifted(now: int | None, was: int | None, language: Language) -> str:
    """`+1.2 points` between two rates."""
    if now is None or was is None:
        return NONE
    more = (now - was) / 100
    return f"{'+' if more > 0 else MINUS if more < 0 else '±'}{abs(more):.1f} {word(language, 'points')}"


def waited(seconds: int | None, language: Language) -> str:
    """`3 s`, `1.5 min`."""
    if seconds is None:
        return NONE
    unit, name = next(one for one in _SECONDS[language] if seconds >= one[0] or one[0] == 1)
    return f"{seconds / unit:.1f}".removesuffix(".0") + name
