"""The digest: its numbers are what the facts say, comparisons are with days that were, and a page runs nothing."""

import json
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from html.parser import HTMLParser
from math import ceil
from typing import Any

import pytest

from quanyi.alerts.model import Alert
from quanyi.catalog.model import Language
from quanyi.clock import day as day_of
from quanyi.facts.model import Fact
from quanyi.mail.mime import mime
from quanyi.mail.model import LANGUAGES, Mail
from quanyi.rollups.buyers import moves
from quanyi.rollups.measures import TOTAL, Counts, rounded_up
from quanyi.rollups.roll import Roll, merged, rolled
from reports.digest.numbers import Told, digest_of
from reports.digest.page import mail_of
from reports.digest.pictures import pictures_of
from reports.digest.rows import money_rows, shop_rows
from reports.digest.views import Digest, Step
from reports.digest.words import changed, money, percent, shifted, waited
from tests.aws.selling import ZONE, facts_of_orders

URL = "https://console.example.com/{what}/{id}"
MORNING = datetime(2026, 11, 28, 0, 0, tzinfo=UTC)
FIRST, LAST = date(2026, 11, 23), date(2026, 11, 27)
A_DAY = timedelta(days=1)


def by_day(facts: Sequence[Fact]) -> Mapping[date, list[Fact]]:
    found: dict[date, list[Fact]] = defaultdict(list)
    for fact in facts:
        found[date.fromisoformat(day_of(fact.at, ZONE))].append(fact)
    return found


def told(facts: Sequence[Fact], **more: Any) -> Told:
    """With the rolls that these facts make; buyers are counted as `rollups.buyers_table` does."""
    days = by_day(facts)
    bought: dict[str, set[int]] = defaultdict(set)
    for day, some in days.items():
        for fact in some:
            if fact.kind == "sold":
                bought[fact.buyer].add(day.toordinal())
    buyers: dict[int, Counts] = defaultdict(Counts)
    for known in bought.values():
        for ordinal, change in moves(frozenset(), frozenset(known)).items():
            buyers[ordinal].update(change)
    rolls = {day: merged([rolled(some), Roll(0, {TOTAL: buyers[day.toordinal()]})]) for day, some in days.items()}
    return Told(rolls, ZONE, MORNING, **more)


@pytest.fixture(scope="module")
def facts() -> list[Fact]:
    return facts_of_orders(random.Random(3), 60, days=5)


@pytest.fixture(scope="module")
def digest(facts: list[Fact]) -> Digest:
    return digest_of(told(facts), LAST)


def quiet(**more: Any) -> Digest:
    return digest_of(Told({}, ZONE, MORNING, **more), LAST)


def mail(digest: Digest, language: Language = "zh-CN") -> Mail:
    pictures = pictures_of(digest)
    named = digest.model_copy(update={"pictures": tuple(picture for picture, _ in pictures)})
    return mail_of(named, pictures, language, URL)


def nearest_rank(values: Sequence[int], share: int) -> int | None:
    ordered = sorted(values)
    return rounded_up(ordered[ceil(len(ordered) * share / 100) - 1]) if ordered else None


def expected(some: Sequence[Fact], currency: str) -> dict[str, int]:
    """Counted from the facts, by other ways than the rolls take."""
    mine = [fact for fact in some if fact.currency == currency]
    posted = [fact.accounts for fact in mine if fact.kind == "posted"]
    cash = [sum(by for name, by in one.items() if name.startswith(("provider", "fees"))) for one in posted]
    revenue = -sum(one.get("revenue:@0", 0) for one in posted)
    return {
        "gmv": sum(fact.amount for fact in mine if fact.kind == "sold"),
        "net": sum(cash),
        "returned": -sum(by for by in cash if by < 0),
        "revenue": revenue,
        "margin": revenue - sum(one.get("cost", 0) + one.get("fees", 0) for one in posted),
    }


def test_each_day_is_what_its_facts_say(facts: list[Fact], digest: Digest) -> None:
    days = by_day(facts)
    assert [one.day for one in digest.series] == [FIRST + number * A_DAY for number in range(5)]
    for one in digest.series:
        some = days[one.day]
        for currency, amounts in one.figures.money.items():
            want = expected(some, currency)
            assert {name: getattr(amounts, name) for name in want} == want
        assert set(one.figures.money) == {fact.currency for fact in some}
        sold = [fact for fact in some if fact.kind == "sold"]
        assert one.figures.orders_paid == len({fact.of for fact in sold})
        assert one.figures.buyers == len({fact.buyer for fact in sold})
        tried = sum(fact.kind == "tried" for fact in some)
        arrived = sum(by > 0 for fact in some for name, by in fact.accounts.items() if name.startswith("provider"))
        assert (one.payments.tried, one.payments.arrived) == (tried, arrived)
        assert one.payments.success == (arrived * 10_000 // tried if tried else None)
        waits = [fact.seconds for fact in some if fact.kind == "delivered" and fact.seconds is not None]
        assert (one.delivery_seconds.p50, one.delivery_seconds.p95) == (
            nearest_rank(waits, 50),
            nearest_rank(waits, 95),
        )


def test_channels_products_and_providers_are_of_the_day(facts: list[Fact], digest: Digest) -> None:
    some = by_day(facts)[LAST]
    for part in digest.channels:
        for currency, amounts in part.money.items():
            assert amounts.gmv == expected([f for f in some if f.channel == part.channel], currency)["gmv"]
    for product in digest.products:
        sold = [fact for fact in some if fact.kind == "sold" and fact.product == product.product]
        assert product.units_sold == len(sold)
        assert {c: a.gmv for c, a in product.money.items() if a.gmv} == {
            currency: sum(fact.amount for fact in sold if fact.currency == currency)
            for currency in {fact.currency for fact in sold}
        }
    main = digest.currencies[0]
    assert [part.channel for part in digest.channels] == sorted(
        (part.channel for part in digest.channels),
        key=lambda channel: -expected([fact for fact in some if fact.channel == channel], main)["gmv"],
    )
    for provider in digest.providers:
        tried = sum(fact.kind == "tried" and fact.provider == provider.provider for fact in some)
        refused = sum(fact.kind == "try_refused" and fact.provider == provider.provider for fact in some)
        assert (provider.tried, sum(provider.reasons.values())) == (tried, refused)
        assert len(provider.series) == len(digest.series)
        assert (provider.series[-1].tried, provider.series[-1].success) == (tried, provider.success)


def test_a_day_is_compared_with_the_day_before_and_the_same_weekday(facts: list[Fact]) -> None:
    later = [replace(fact, id=f"x{fact.id}", of=f"x{fact.of}", at=fact.at + 7 * A_DAY) for fact in facts]
    gap = LAST + 2 * A_DAY
    both = [fact for day, some in by_day([*facts, *later]).items() if day != gap for fact in some]
    found = digest_of(told(both), LAST + 7 * A_DAY)
    assert found.before
    assert found.week_before
    assert (found.before.day.day, found.week_before.day.day) == (LAST + 6 * A_DAY, LAST)
    now, was = found.own.figures.money["CNY"], found.before.day.figures.money["CNY"]
    assert was.gmv
    assert now.gmv
    assert found.before.change.money["CNY"]["gmv"] == (now.gmv - was.gmv) * 10_000 // was.gmv
    gmv = money_rows(found, "CNY", "en")[0]
    assert (gmv.label, gmv.own) == ("GMV", money(now.gmv, "CNY"))
    assert gmv.before == (money(was.gmv, "CNY"), changed((now.gmv - was.gmv) * 10_000 // was.gmv))
    assert [one.day for one in found.series if one.is_quiet] == [gap], "a day without a roll was quiet"


def test_the_first_day_is_compared_with_nothing(facts: list[Fact]) -> None:
    found = digest_of(told(facts), FIRST)
    assert (found.before, found.week_before, len(found.series)) == (None, None, 1)
    assert all(
        row.before is row.week_before is None for row in [*money_rows(found, "CNY", "en"), *shop_rows(found, "en")]
    )
    for language, says in (("zh-CN", "这是有数据的第一天"), ("en", "This is the first day with numbers")):
        sent = mail(found, language)  # type: ignore[arg-type]
        assert says in sent.text
        assert says in sent.html
        assert "None" not in sent.text + sent.html


def test_after_a_day_without_orders_there_is_nothing_to_divide_by(facts: list[Fact]) -> None:
    days = by_day(facts)
    found = digest_of(told([*days[FIRST], *days[FIRST + 2 * A_DAY]]), FIRST + 2 * A_DAY)
    assert found.before
    assert found.before.day.is_quiet
    assert found.week_before is None
    assert {row.before.change for row in money_rows(found, "CNY", "en") if row.before} == {"\u2014"}
    assert "0.00" in mail(found).text


def test_a_day_without_orders_is_a_short_mail() -> None:
    found = quiet()
    assert found.own.is_quiet
    for language, says in (("zh-CN", "没有订单"), ("en", "no orders")):
        sent = mail(found, language)  # type: ignore[arg-type]
        assert says in sent.subject
        assert says in sent.text
        assert "digests/2026-11-27" in sent.text
        assert sent.pictures == ()
        assert "<table cellpadding" not in sent.html
        assert len(sent.text.splitlines()) < 12


def test_a_day_on_which_money_only_went_back_is_told_in_numbers() -> None:
    at = datetime(2026, 11, 27, 4, 0, tzinfo=UTC)
    back = Fact("O1#9", "posted", at, "O1", currency="CNY", accounts={"provider:alipay": -500, "owed": 500})
    found = digest_of(told([back]), LAST)
    assert not found.own.is_quiet
    assert found.own.figures.money["CNY"].net == -500
    assert "\u22125.00" in mail(found).text


def test_currencies_stand_apart(digest: Digest) -> None:
    assert set(digest.currencies) == {"CNY", "USD"}
    paid = {c: digest.own.figures.money[c] for c in digest.currencies}
    sent = mail(digest)
    for currency, amounts in paid.items():
        assert f"[{currency}]" in sent.text
        assert f"成交额：{money(amounts.gmv, currency)}" in sent.text
        assert f"trade-{currency}@digest" in [picture.name for picture in sent.pictures]
    together = sum(amounts.gmv or 0 for amounts in paid.values())
    assert money(together, "CNY") not in sent.text + sent.html


EVIL = '<img src=x onerror="alert(1)">&amp;$x{y}'


class Tags(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_what_others_wrote_is_text(facts: list[Fact]) -> None:
    refused = [replace(fact, reason=EVIL) if fact.kind == "try_refused" else fact for fact in facts]
    found = digest_of(
        told(
            refused,
            channels={"site": EVIL, "app": EVIL},
            titles={product: {"zh-CN": EVIL} for product in "ABC"},
            steps=[step(EVIL)],
            alerts=[alert(facts={"supplier": EVIL, "calls": 9, "hours": 1, "success": 5, "least_success": 9})],
        ),
        LAST,
    )
    sent = mail(found)
    tags = Tags(sent.html).found
    assert {tag for tag, _ in tags} <= {
        *("html", "head", "meta", "body", "table", "tr", "th", "td", "div", "span", "b", "br", "ul", "li", "p", "a"),
        "img",
    }
    assert all(attributes["src"].startswith("cid:") for tag, attributes in tags if tag == "img")  # type: ignore[union-attr]
    assert not any(name.startswith("on") for _, attributes in tags for name in attributes)
    assert sent.html.count("&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&amp;amp;$x{y}") >= 4
    assert EVIL in sent.text


def step(chinese: str, english: str = "") -> Step:
    said: dict[Language, str] = {"zh-CN": chinese, "en": english or chinese}
    return Step(insight="N1", severity="warning", title={"zh-CN": "发现", "en": "Found"}, todo=said)


def alert(**more: Any) -> Alert:
    at = MORNING - A_DAY
    whole = {"kind": "supplier_failing", "subject": "acme", "severity": "warning", "facts": {"supplier": "acme"}}
    return Alert.model_validate({**whole, "opened_at": at, "changed_at": at, **more})


def test_alerts_are_told_worst_first_and_not_all_of_them() -> None:
    many = [alert(subject=f"s{number}") for number in range(8)]
    found = quiet(alerts=[alert(severity="info", subject="known"), *many, alert(severity="critical", subject="worst")])
    assert [one.alert for one in found.alerts][:2] == ["supplier_failing~worst", "supplier_failing~s0"]
    assert (len(found.alerts), found.more_alerts) == (6, 3)
    sent = mail(found, "en")
    assert "[urgent] A supplier is failing: worst" in sent.text
    assert "3 more are in the list of alerts" in sent.html


def test_what_to_do_next_stands_before_the_numbers(facts: list[Fact]) -> None:
    found = digest_of(told(facts, steps=[step("先做这个", "Do this first")]), LAST)
    for language, says, number in (("zh-CN", "先做这个", "净收款"), ("en", "Do this first", "Net receipts")):
        sent = mail(found, language)  # type: ignore[arg-type]
        assert 0 < sent.text.index(says) < sent.text.index(number)
        assert 0 < sent.html.index(says) < sent.html.index(number)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_picture_is_in_the_page_and_says_what_it_shows(digest: Digest, language: Language) -> None:
    sent = mail(digest, language)
    shown = {a["src"] or "": a for tag, a in Tags(sent.html).found if tag == "img"}
    assert {f"cid:{picture.name}" for picture in sent.pictures} == set(shown)
    assert {name.split("@")[0] for name in (picture.name for picture in sent.pictures)} >= {
        *("trade-CNY", "trade-USD", "channels-CNY", "payments", "delivery"),
    }
    for attributes in shown.values():
        assert len(attributes["alt"] or "") > 20
        assert "$" not in (attributes["alt"] or "")
    assert money(digest.own.figures.money["CNY"].gmv, "CNY") in (shown["cid:trade-CNY@digest"]["alt"] or "")


def test_a_digest_is_kept_as_it_was(digest: Digest) -> None:
    assert Digest.model_validate_json(digest.model_dump_json()) == digest
    assert "M0" not in json.dumps(digest.model_dump(mode="json")["own"]), "no buyer is named"


def test_the_mail_carries_its_pictures(digest: Digest) -> None:
    sent = mail(digest)
    whole = message_from_bytes(mime("shop@example.com", "boss@example.com", sent), policy=default)
    assert (whole["To"], whole["Subject"]) == ("boss@example.com", sent.subject)
    text, page = whole.get_body(("plain",)), whole.get_body(("html",))
    assert text
    assert page
    assert text.get_content().replace("\r\n", "\n") == sent.text
    assert page.get_content().replace("\r\n", "\n") == sent.html
    images = [part for part in whole.walk() if part.get_content_maintype() == "image"]
    assert [part["Content-ID"] for part in images] == [f"<{picture.name}>" for picture in sent.pictures]
    assert [part.get_content() for part in images] == [picture.content for picture in sent.pictures]
    assert {part.get_content_disposition() for part in images} == {"inline"}
    assert images[0].get_filename() == sent.pictures[0].name.replace("@digest", ".png")


def test_how_numbers_are_written() -> None:
    assert (money(-1, "CNY"), money(123_456_789, "USD"), money(5, "JPY"), money(-1234, "KWD"), money(None, "CNY")) == (
        *("\u22120.01", "1,234,567.89", "5", "\u22121.234", "\u2014"),
    )
    assert [changed(points) for points in (None, 0, 4, -5, 1230, -1230, 500_000)] == [
        *("\u2014", "±0%", "±0%", "±0%", "+12.3%", "\u221212.3%", "×51")
    ]
    assert (percent(9630), percent(None), percent(-50)) == ("96.3%", "\u2014", "\u22120.5%")
    assert (shifted(9700, 9580, "en"), shifted(1, None, "en"), shifted(10, 20, "zh-CN")) == (
        *("+1.2 points", "\u2014", "\u22120.1 个点"),
    )
    assert (waited(0, "zh-CN"), waited(90, "en"), waited(None, "en")) == ("0 秒", "1.5 min", "\u2014")
