"""The morning's digest: made once, mailed to each of the shop's people once, answered with its pictures."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_string, policy
from pathlib import Path
from typing import Any, TypeAlias
from urllib.request import Request

import pytest
from botocore.exceptions import ClientError
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

from quanyi.alerts.model import Finding
from quanyi.alerts.table import AlertsTable
from quanyi.callers import Caller
from quanyi.catalog.table import CatalogTable
from quanyi.channels.model import Channel
from quanyi.channels.table import ChannelTable
from quanyi.errors import Invalid
from quanyi.facts.model import Fact
from quanyi.facts.table import FactsTable
from quanyi.insights.model import Action, Insight
from quanyi.insights.table import DismissedTable
from quanyi.rollups.table import RollsTable
from reports import reports, spend, wiring
from reports.digest import mailing as digest
from reports.digest import wiring as digest_wiring
from reports.digest.desk import Desk
from reports.digest.wiring import Press, PressSettings
from reports.insights import kept as insights
from tests.aws.conftest import LAKE, REGION, STAFF, Call, Cloud, LambdaContext
from tests.aws.memory import MemoryCloud
from tests.aws.selling import ZONE

ANALYST, SUPPORT = Caller(role="analyst", key_id="AN1"), Caller(role="support", key_id="SU1")
DAY = "2026-11-26"
AT = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
MORNING = datetime(2026, 11, 27, 0, 0, tzinfo=UTC)
Settle: TypeAlias = Callable[..., tuple[int, Any]]
BOSS, CLERK = "boss@example.com", "clerk@example.com"
SCHEDULED = json.loads((Path(__file__).parents[2] / "events/reports-digest/every-morning.json").read_text())


class Morning:
    """A shop on the morning after a day with two sales."""

    def __init__(self, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cloud, self.patch, self.now = cloud, monkeypatch, MORNING
        self.mail_to(BOSS, CLERK)
        known = replace(wiring.archive(), now=lambda: self.now)
        monkeypatch.setattr("reports.digest.results.archive", lambda: known)

    @property
    def press(self) -> Press:
        found = digest_wiring.press()
        desk, archive = replace(found.desk, now=lambda: self.now), replace(found.archive, now=lambda: self.now)
        return replace(found, desk=desk, archive=archive)

    def mail_to(self, *addresses: str) -> None:
        self.patch.setenv("DIGEST_MAIL", ",".join(addresses))
        digest_wiring.press.cache_clear()
        self.patch.setattr("reports.digest.mailing.press", lambda: self.press)

    def tell(self, *facts: Fact) -> None:
        FactsTable(self.cloud.table("FactsTable")).put(facts)
        wiring.rolls().follow(facts)

    def run(self, event: dict[str, Any] | None = None) -> dict[str, Any]:
        return digest.handler(SCHEDULED if event is None else event, LambdaContext())

    def sent(self) -> list[tuple[str, str]]:
        """To whom, and the whole mail."""
        found: Sequence[Any] = ses_backends[DEFAULT_ACCOUNT_ID][REGION].sent_messages
        return [(one.destinations[0], one.raw_data) for one in found]

    def files(self) -> dict[str, bytes]:
        s3 = self.cloud.client("s3")
        listed = s3.list_objects_v2(Bucket=LAKE).get("Contents", [])
        return {one["Key"]: s3.get_object(Bucket=LAKE, Key=one["Key"])["Body"].read() for one in listed}


def sale(number: int, at: datetime = AT, amount: int = 1999) -> list[Fact]:
    common: dict[str, Any] = {"of": f"O{number}", "channel": "site", "buyer": f"M{number}", "currency": "CNY"}
    goods: dict[str, Any] = {**common, "line": 0, "product": "PA", "sku": "a1", "quantity": 1}
    return [
        Fact(f"O{number}#tried", "tried", at, provider="wechat", **common),
        Fact(f"O{number}#1", "posted", at, accounts={"provider:wechat": amount, "owed": -amount}, **common),
        Fact(f"O{number}#sold#0", "sold", at, amount=amount, **goods),
        Fact(f"O{number}#delivered#0", "delivered", at, seconds=2, unit="0", **goods),
    ]


@pytest.fixture
def morning(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Morning:
    made = Morning(cloud, monkeypatch)
    made.tell(*sale(1), *sale(2, amount=1), *sale(3, AT - timedelta(days=1), 1000))
    return made


def ask(call: Call, *, caller: Caller = ANALYST, **query: str) -> tuple[int, Any, dict[str, str]]:
    return call(reports.handler, "GET", "/v1/reports/digest", caller=caller, query=query or None)


def test_each_of_the_shops_people_is_mailed_once(morning: Morning, capsys: pytest.CaptureFixture[str]) -> None:
    assert morning.run() == {"v": 1, "day": DAY, "sent": 2, "already": 0, "failed": 0, "later": 0}
    before = morning.cloud.contents(), morning.files()
    for event in (SCHEDULED, {"day": DAY}, SCHEDULED):
        morning.now += timedelta(hours=1)
        assert morning.run(event)["already"] == 2
    assert (morning.cloud.contents(), morning.files()) == before
    (one, first), (other, second) = morning.sent()
    assert {one, other} == {BOSS, CLERK}
    assert first.replace(one, other).count("image/png") == second.count("image/png") == 3
    assert "Content-ID: <trade-CNY@digest>" in first
    kept = repr(morning.cloud.contents("StatsTable", "FactsTable")) + capsys.readouterr().out
    assert BOSS not in kept
    assert CLERK not in kept


SETTINGS = "/v1/admin/digest"
OPERATOR = Caller(role="operator", key_id="OP1")


@pytest.fixture
def settle(call: Call, morning: Morning) -> Settle:
    spend.mailing.cache_clear()

    def settled(version: int, caller: Caller = OPERATOR, **digest: Any) -> tuple[int, Any]:
        body = {"version": version, "digest": digest}
        return call(spend.handler, "PUT", SETTINGS, body, caller=caller)[:2]

    return settled


def test_the_merchant_says_whom_it_goes_to_and_no_address_is_kept_in_clear(
    morning: Morning, settle: Settle, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    owner = "owner@example.com"
    status, told = settle(0, recipients=[owner])
    assert (status, told["digest"]) == (200, {"enabled": True, "hour": None, "language": None, "recipients": [owner]})
    assert settle(0, recipients=[owner]) == (status, told), "the same again"
    assert call(spend.handler, "GET", SETTINGS, caller=OPERATOR)[1] == told
    for _ in range(2):
        morning.run()
    assert [one for one, _ in morning.sent()] == [owner]
    assert owner not in repr(morning.cloud.contents()) + capsys.readouterr().out


def test_it_is_mailed_at_the_hour_that_was_chosen_and_at_no_other(morning: Morning, settle: Settle) -> None:
    nine = {**SCHEDULED, "time": "2026-11-27T01:00:00Z"}
    assert morning.run(nine) == {"v": 1, "due": False}
    settle(0, hour=9)
    assert morning.run() == {"v": 1, "due": False}
    assert morning.sent() == []
    assert [morning.run(nine)["sent"] for _ in range(2)] == [2, 0]
    assert len(morning.sent()) == 2
    assert morning.run({"day": DAY})["already"] == 2, "by hand at any hour"


def test_it_is_written_in_the_language_that_was_chosen(morning: Morning, settle: Settle) -> None:
    assert settle(0, language="en", recipients=[BOSS])[1]["digest"]["language"] == "en"
    morning.run()
    settle(1, recipients=[CLERK])
    morning.run()
    said = {to: str(message_from_string(mail, policy=policy.default)["Subject"]) for to, mail in morning.sent()}
    assert said[BOSS].startswith("Daily digest ")
    assert said[CLERK].startswith("经营日报 "), "as deployed"


def test_switched_off_it_is_made_and_mailed_to_nobody(morning: Morning, settle: Settle, call: Call) -> None:
    settle(0, enabled=False, recipients=[BOSS])
    assert morning.run()["sent"] == 0
    assert ask(call)[0] == 200
    settle(1)
    assert morning.run()["sent"] == 2, "as deployed"


@pytest.mark.parametrize(
    "digest",
    [
        {"hour": 0},
        {"hour": 24},
        {"hour": "9"},
        {"enabled": "yes"},
        {"recipients": ["nobody"]},
        {"recipients": ["a@example.com,b@example.com"]},
        {"recipients": [BOSS, BOSS.upper()]},
        {"recipients": [f"a{number}@example.com" for number in range(21)]},
        {"language": "fr"},
    ],
)
def test_what_cannot_be_settled_is_refused(morning: Morning, settle: Settle, digest: dict[str, Any]) -> None:
    before = morning.cloud.contents()
    assert settle(0, **digest)[0] == 422
    assert settle(0, caller=ANALYST)[0] == 403
    assert settle(7)[0] == 409
    assert morning.cloud.contents() == before


def test_whoever_is_named_later_gets_the_same_and_nobody_gets_it_again(morning: Morning) -> None:
    morning.mail_to(BOSS)
    assert morning.run()["sent"] == 1
    morning.tell(*sale(4, amount=777_777))
    morning.mail_to(BOSS, CLERK)
    told = morning.run()
    assert (told["sent"], told["already"]) == (1, 1)
    (_, first), (_, second) = morning.sent()
    bodies = [mail.partition("\r\n\r\n")[2].partition("Content-Type: text/html")[0] for mail in (first, second)]
    parts = [body.split("base64", 1)[1].split("--", 1)[0] for body in bodies]
    assert parts[0] == parts[1], "a late sale changes no digest that was made"


def test_one_that_cannot_be_sent_is_tried_again_and_the_others_are_not(
    morning: Morning, monkeypatch: pytest.MonkeyPatch
) -> None:
    ses, refuse = morning.press.ses.client, [True]
    send = ses.send_raw_email

    def moody(**asked: Any) -> Any:
        if refuse[0] and asked["Destinations"] == [BOSS]:
            raise ClientError({"Error": {"Code": "Throttling", "Message": f"not now, {BOSS}"}}, "SendRawEmail")
        return send(**asked)

    monkeypatch.setattr(ses, "send_raw_email", moody)
    with pytest.raises(digest.NotAllSent) as fault:
        morning.run()
    assert BOSS not in str(fault.value)
    assert [to for to, _ in morning.sent()] == [CLERK]
    refuse[0] = False
    assert morning.run()["sent"] == 1
    assert [to for to, _ in morning.sent()] == [CLERK, BOSS]


def test_an_address_that_is_refused_for_good_is_given_up(morning: Morning, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(**asked: Any) -> Any:
        raise ClientError({"Error": {"Code": "MessageRejected", "Message": "no"}}, "SendRawEmail")

    monkeypatch.setattr(morning.press.ses.client, "send_raw_email", never)
    assert morning.run()["failed"] == 2
    assert morning.run()["already"] == 2


@pytest.mark.parametrize(
    ("digest_mail", "recipients"),
    [
        ("", (STAFF,)),
        ("off", ()),
        (BOSS, (BOSS,)),
        (f"{BOSS},{CLERK},{BOSS}", (BOSS, CLERK)),
    ],
)
def test_who_gets_it_is_the_merchants_to_say(
    monkeypatch: pytest.MonkeyPatch, digest_mail: str, recipients: tuple[str, ...]
) -> None:
    monkeypatch.setenv("DIGEST_MAIL", digest_mail)
    assert PressSettings.read().recipients == recipients


def test_where_nobody_is_mailed_there_is_a_digest_all_the_same(morning: Morning, call: Call) -> None:
    morning.mail_to("off")
    assert morning.run() == {"v": 1, "day": DAY, "sent": 0, "already": 0, "failed": 0, "later": 0}
    assert morning.sent() == []
    assert ask(call)[1]["day"] == DAY


def test_a_run_that_died_before_its_digest_counted_is_done_again(
    morning: Morning, monkeypatch: pytest.MonkeyPatch, call: Call
) -> None:
    """Its pictures lie in the bucket, and nothing names them."""
    with monkeypatch.context() as broken:
        broken.setattr("reports.digest.kept.stamp", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            morning.run()
    assert len(morning.files()) == 4
    assert morning.sent() == []
    assert ask(call)[0] == 404
    assert morning.run()["sent"] == 2
    assert ask(call)[0] == 200


def test_a_run_that_died_while_it_mailed_mails_the_rest(morning: Morning, monkeypatch: pytest.MonkeyPatch) -> None:
    send = morning.press.ses.client.send_raw_email

    def dies(**asked: Any) -> Any:
        assert asked["Destinations"] == [BOSS], "killed"
        return send(**asked)

    with monkeypatch.context() as broken:
        broken.setattr(morning.press.ses.client, "send_raw_email", dies)
        with pytest.raises(AssertionError, match="killed"):
            morning.run()
    with pytest.raises(digest.NotAllSent):
        morning.run()  # nobody knows yet whether that mail is on its way
    morning.now += timedelta(minutes=2)
    assert morning.run() == {"v": 1, "day": DAY, "sent": 1, "already": 1, "failed": 0, "later": 0}
    assert [to for to, _ in morning.sent()] == [BOSS, CLERK]


def test_of_two_made_at_once_one_counts(morning: Morning) -> None:
    press = morning.press
    digests, day = press.digests, AT.date()
    first = digests.keep(digest.digest_of(press.desk.told(day), day), [])
    morning.now += timedelta(seconds=1)
    second = digests.keep(digest.digest_of(morning.press.desk.told(day), day), [])
    assert second == first == digests.of(day)


def test_it_is_answered_with_links_to_its_pictures(morning: Morning, call: Call) -> None:
    morning.run()
    status, body, headers = ask(call, day=DAY)
    assert (status, headers["cache-control"]) == (200, "no-store")
    assert body == ask(call)[1] | {"pictures": body["pictures"]}
    assert body["own"]["figures"]["money"]["CNY"]["gmv"] == 2000
    assert body["before"]["day"]["figures"]["money"]["CNY"]["gmv"] == 1000
    assert body["before"]["change"]["money"]["CNY"]["gmv"] == 10_000
    assert body["week_before"] is None
    assert (body["own"]["figures"]["buyers"], body["own"]["payments"]["success"]) == (2, 10_000)
    files = morning.files()
    assert [picture["name"] for picture in body["pictures"]] == ["trade-CNY", "payments", "delivery"]
    for picture in body["pictures"]:
        asked = Request(picture["url"])
        key = asked.selector.partition("?")[0].removeprefix("/").removeprefix(f"{LAKE}/")
        assert files[key].startswith(b"\x89PNG")
        assert "X-Amz-Expires=900" in picture["url"]
        assert picture["alt"].keys() == {"zh-CN", "en"}


def test_names_are_the_merchants(morning: Morning, call: Call) -> None:
    channel = Channel(id="site", name="官方商城", kind="site", created_at=MORNING)
    morning.press.desk.channels.create(channel, "K1")
    finding = Finding(kind="stock_out", subject="a1#shared", severity="critical", facts={"waiting": 2})
    morning.press.desk.alerts.raise_(finding, MORNING)
    morning.run()
    body = ask(call)[1]
    assert [(part["channel"], part["name"]) for part in body["channels"]] == [("site", "官方商城")]
    assert body["alerts"][0]["said"]["zh-CN"].startswith("【紧急】已无库存：a1")


def test_the_nights_insights_are_what_to_do_next(morning: Morning, call: Call) -> None:
    def insight(number: int) -> Insight:
        return Insight(
            id=f"N{number}",
            rule="bundle",
            about=f"a#{number}",
            severity="info",
            title={"zh-CN": f"发现 {number}", "en": f"Found {number}"},
            text={"zh-CN": "依据", "en": "Evidence"},
            evidence={},
            see=(),
            action=Action(text={"zh-CN": f"做 {number}", "en": f"Do {number}"}, calls=()),
        )

    insights.keep(morning.press.archive, DAY, [insight(number) for number in range(7)], 1)
    DismissedTable(morning.cloud.table("FactsTable")).dismiss(
        "N0", AT.date() + timedelta(days=9), by="boss", reason="known", now=MORNING
    )
    morning.run()
    steps = ask(call)[1]["steps"]
    assert [step["insight"] for step in steps] == ["N1", "N2", "N3", "N4", "N5"]
    assert (steps[0]["title"]["en"], steps[0]["todo"]["zh-CN"]) == ("Found 1", "做 1")


def test_a_day_without_orders_is_an_honest_short_mail(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    quiet = Morning(cloud, monkeypatch)
    assert quiet.run()["sent"] == 2
    assert [key.rpartition(".")[2] for key in quiet.files()] == ["json"], "nothing to draw"
    (sent, _) = ses_backends[DEFAULT_ACCOUNT_ID][REGION].sent_messages
    assert "没有订单" in sent.subject


@pytest.mark.parametrize(
    ("day", "reason"), [("2026-11-31", "bad_day"), ("yesterday", "bad_day"), ("2026-11-27", "day_not_over")]
)
def test_a_day_that_cannot_be_told_is_refused(morning: Morning, call: Call, day: str, reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        morning.run({"day": day})
    assert refused.value.extra["reason"] == reason
    status, body, _ = ask(call, day=day)
    assert status in (400, 422), body
    assert morning.sent() == []


def test_what_was_not_made_is_not_found_and_not_for_everybody(morning: Morning, call: Call) -> None:
    assert ask(call, day=DAY)[0] == 404
    assert ask(call)[0] == 404
    assert ask(call, caller=SUPPORT)[0] == 403


def test_it_takes_few_calls_whatever_the_number_of_orders() -> None:
    shop = MemoryCloud()
    catalog, facts = shop.table("CatalogTable"), shop.table("FactsTable")
    rolls = RollsTable(facts, ZONE)
    desk = Desk(rolls, AlertsTable(shop.table("SupplyTable")), CatalogTable(catalog), ChannelTable(catalog), ZONE)
    told = [fact for number in range(50) for fact in sale(number, AT - timedelta(days=number % 30))]
    FactsTable(facts).put(told)
    rolls.follow(told)
    calls: list[str] = []
    shop.dynamo.before = calls.append
    assert len(desk.told(AT.date()).rolls) == 30
    assert len(calls) == 4, calls
