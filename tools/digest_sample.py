"""Draw the daily digest of an invented shop into a folder, to look at it.

    python -m tools.digest_sample .local/digest

Pages in both languages as a mail program shows them, their plain text, and the pictures. Nothing is mailed; the numbers
are the same on every run.
"""

import argparse
import random
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from quanyi.alerts.model import Alert
from quanyi.catalog.model import Language
from quanyi.facts.model import Fact
from quanyi.mail.model import LANGUAGES, Mail
from quanyi.rollups.buyers import moves
from quanyi.rollups.measures import TOTAL, Counts
from quanyi.rollups.roll import Roll, merged, rolled
from reports.digest.numbers import Told, days_shown, digest_of
from reports.digest.page import mail_of
from reports.digest.pictures import pictures_of
from reports.digest.views import Step

DAY = date(2026, 11, 26)
ZONE = "Asia/Shanghai"
URL = "https://console.example.com/{what}/{id}"
CHANNELS = {"site": "官方商城", "mini-program": "微信小程序", "taobao": "淘宝店", "douyin": "抖音小店", "app": "App"}
WEIGHTS = (38, 25, 18, 14, 5)
TITLES: dict[str, dict[Language, str]] = {
    "iqiyi": {"zh-CN": "爱奇艺黄金VIP会员", "en": "iQIYI Gold VIP"},
    "tencent-video": {"zh-CN": "腾讯视频VIP会员", "en": "Tencent Video VIP"},
    "mobile": {"zh-CN": "手机话费充值 50 元", "en": "Phone credit, 50 yuan"},
    "qq-music": {"zh-CN": "QQ音乐绿钻豪华版", "en": "QQ Music Green Diamond"},
    "game-card": {"zh-CN": "游戏点卡 100 元", "en": "Game card, 100 yuan"},
    "coffee": {"zh-CN": "咖啡电子券（中杯）", "en": "Coffee voucher, medium"},
}
PRICES = (1980, 2280, 4990, 1500, 9800, 1890)
STEPS = (
    Step(
        insight="N1",
        severity="warning",
        title={
            "zh-CN": "“咖啡电子券（中杯）”将有约 40 件过期",
            "en": "About 40 of Coffee voucher, medium will expire unsold",
        },
        todo={"zh-CN": "降价 20% 促销：18.90 CNY → 15.12 CNY。", "en": "Sell it 20% cheaper: 18.90 CNY → 15.12 CNY."},
    ),
    Step(
        insight="N2",
        severity="info",
        title={
            "zh-CN": "“爱奇艺黄金VIP会员”与“QQ音乐绿钻豪华版”常被一起购买",
            "en": "iQIYI Gold VIP and QQ Music Green Diamond are bought together",
        },
        todo={
            "zh-CN": "做成组合装，优惠 8%（草稿，发布后开售）。",
            "en": "Make them a bundle, 8% cheaper (a draft until you publish it).",
        },
    ),
)
REASONS = ("insufficient_funds", "user_cancelled", "risk_refused")


def main() -> None:
    parser = argparse.ArgumentParser(description="Draw the daily digest of an invented shop")
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    digest = digest_of(invented(), DAY)
    pictures = pictures_of(digest)
    digest = digest.model_copy(update={"pictures": tuple(picture for picture, _ in pictures)})
    for picture, content in pictures:
        (folder / f"{picture.name}.png").write_bytes(content)
    for language in LANGUAGES:
        _write(folder, language, mail_of(digest, pictures, language, URL))
    sys.stdout.write("\n".join(sorted(str(path) for path in folder.iterdir())) + "\n")


def _write(folder: Path, language: Language, mail: Mail) -> None:
    html = mail.html
    for picture in mail.pictures:
        html = html.replace(f"cid:{picture.name}", f"{picture.name.partition('@')[0]}.png")
    (folder / f"digest.{language}.html").write_text(html, encoding="utf-8")
    (folder / f"digest.{language}.txt").write_text(f"{mail.subject}\n\n{mail.text}", encoding="utf-8")


def invented() -> Told:
    """A month of a shop that sells some two hundred units a day, more at weekends and most on 11-11."""
    draw = random.Random(11)  # noqa: S311 - an invented shop
    days = days_shown(DAY)
    facts = {day: [*_facts(draw, day, number)] for number, day in enumerate(days)}
    bought: dict[str, set[int]] = {}
    for day, of_day in facts.items():
        for fact in of_day:
            if fact.kind == "sold":
                bought.setdefault(fact.buyer, set()).add(day.toordinal())
    buyers: dict[int, Counts] = {}
    for known in bought.values():
        for ordinal, change in moves(frozenset(), frozenset(known)).items():
            buyers.setdefault(ordinal, Counter()).update(change)
    rolls = {
        day: merged([rolled(of_day), Roll(0, {TOTAL: buyers.get(day.toordinal(), Counter())})])
        for day, of_day in facts.items()
    }
    at = datetime(2026, 11, 27, 0, 0, tzinfo=UTC)
    low: dict[str, Any] = {"left": 6, "reorder_at": 20, "daily": 450}
    alerts = [
        Alert(
            kind="stock_low", subject="qq-music-year#shared", severity="warning", facts=low, opened_at=at, changed_at=at
        ),
        Alert(
            kind="stock_out",
            subject="coffee-medium#shared",
            severity="critical",
            facts={"waiting": 3},
            opened_at=at,
            changed_at=at,
        ),
    ]
    return Told(rolls, ZONE, at, alerts, CHANNELS, TITLES, STEPS)


def _facts(draw: random.Random, day: date, number: int) -> Iterator[Fact]:
    busy = 1.35 if day.weekday() >= 5 else 1.0
    busy *= 2.4 if (day.month, day.day) == (11, 11) else 1
    for order in range(int(draw.gauss(150 + 1.2 * number, 9) * busy)):
        at = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=draw.randrange(57_000))
        abroad = draw.random() < 0.03
        yield from _order(draw, f"O{day:%m%d}{order:04d}", at, "USD" if abroad else "CNY", broken=number == 17)


def _order(draw: random.Random, order: str, at: datetime, currency: str, *, broken: bool) -> Iterator[Fact]:
    abroad = currency == "USD"
    provider = "stripe" if abroad else draw.choices(("wechat", "alipay"), (6, 4))[0]
    channel = "app" if abroad else draw.choices(tuple(CHANNELS), WEIGHTS)[0]
    common: dict[str, Any] = {
        "of": order,
        "buyer": f"M{draw.randrange(4000)}",
        "channel": channel,
        "currency": currency,
    }
    chosen = draw.choices(range(len(PRICES)), (8, 6, 3, 4, 2, 3))[0]
    price, product = PRICES[chosen] // (5 if abroad else 1), [*TITLES][chosen]
    goods: dict[str, Any] = {**common, "product": product, "sku": f"{product}-1", "line": 0}
    yield Fact(f"{order}#placed", "placed", at, quantity=1, amount=price, **common)
    yield Fact(f"{order}#tried", "tried", at, provider=provider, **common)
    if draw.random() < (0.22 if broken and provider == "alipay" else 0.03):
        reason = draw.choices(REASONS, (5, 4, 1))[0]
        yield Fact(f"{order}#refused", "try_refused", at, provider=provider, reason=reason, **common)
        return
    fee = price * 6 // 1000
    paid = {f"provider:{provider}": price - fee, "fees": fee, "owed": -price}
    yield Fact(f"{order}#1", "posted", at, accounts=paid, **common)
    yield Fact(f"{order}#sold", "sold", at, quantity=1, amount=price, **goods)
    seconds = draw.choice((2, 2, 2, 3, 3, 4)) if draw.random() < 0.9 else int(draw.lognormvariate(4.2, 0.7))
    then = at + timedelta(seconds=min(seconds, 3600))
    cost = int(price * draw.uniform(0.76, 0.88))
    moved = {"revenue:@0": -price, "owed": price, "cost": cost, "stock": -cost}
    yield Fact(f"{order}#2", "posted", then, accounts=moved, **goods)
    yield Fact(f"{order}#delivered", "delivered", then, quantity=1, seconds=seconds, unit="U1", **goods)
    if draw.random() < 0.015:
        back = {f"provider:{provider}": -price, "revenue:@0": price, "cost": -cost, "stock": cost}
        yield Fact(f"{order}#asked", "refund_asked", then, amount=price, reason="support", **common)
        yield Fact(f"{order}#3", "posted", then, accounts=back, **goods)


if __name__ == "__main__":
    main()
