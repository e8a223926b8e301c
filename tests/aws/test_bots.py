"""Bots tell what they are set up for, once each, whatever the provider answers; and their addresses stay secret."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from notify import bots, bots_admin
from notify.speaking import STALE
from notify.wiring import Speaker, bot_desk, speaker
from quanyi.bots.outbox import A_TURN, BotOutbox
from quanyi.bots.webhook import Webhook
from quanyi.callers import Caller
from quanyi.events.bus import Bus
from quanyi.events.model import AlertRaised, AlertRecovered, BooksDiffered, CaseOpened, ReviewOpened, ShopEvent
from tests.aws.chat import PATHS, SIGNED_WITH, Chat, chatting
from tests.aws.conftest import BUS, Call, Cloud, LambdaContext, resources

OPERATOR = Caller(role="operator", key_id="K9")
NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
NIGHT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
ORDER = {"order": "O0123456789ABCDEFGHJK", "channel": "site", "rev": 1, "currency": "CNY", "amount": 1999, "at": NOON}
CASE = {"case": "C1", "provider": "wechat", "kind": "complaint", "due_at": NOON}
REVIEW = {"review": "W1", "point": "order", "subject": "O1", "reasons": ("new",), "due_at": NOON, "otherwise": "refuse"}


def alert(n: int = 1, at: datetime = NOON, over: bool = False, **more: Any) -> ShopEvent:
    told = {
        "id": f"E{n:03}",
        "at": at,
        "opened_at": at,
        "rev": 1,
        "severity": "warning",
        "alert": f"stock_low~sku-{n}~shared",
        "kind": "stock_low",
        "subject": f"sku-{n}#shared",
        "facts": {"left": n, "reorder_at": 10},
        **more,
    }
    return AlertRecovered.model_validate(told) if over else AlertRaised.model_validate({"why": "opened", **told})


class Room:
    """The bus, the bots' queue and the function behind it, as the template wires them."""

    def __init__(self, cloud: Cloud, chat: Chat, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cloud, self.chat, self.call, self.now = cloud, chat, call, NOON
        self.patience = 20.0
        sqs, events = cloud.client("sqs"), cloud.client("events")
        self.queue = sqs.create_queue(QueueName="bots")["QueueUrl"]
        monkeypatch.setenv("BOT_QUEUE_URL", self.queue)
        arn = sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        pattern = resources()["StaffNews"]["Properties"]["EventPattern"]
        events.put_rule(Name="StaffNews", EventBusName=BUS, EventPattern=json.dumps(pattern))
        events.put_targets(Rule="StaffNews", EventBusName=BUS, Targets=[{"Id": "bots", "Arn": arn}])
        monkeypatch.setattr("notify.bots.speaker", self.speaker)

    def speaker(self) -> Speaker:
        return replace(speaker(), webhook=Webhook(self.patience), now=lambda: self.now)

    @property
    def outbox(self) -> BotOutbox:
        return BotOutbox(self.cloud.table("StatsTable"))

    def later(self, **delta: float) -> None:
        self.now += timedelta(**delta)

    def bot(self, name: str = "desk", kind: str = "wecom", url: str = "", **terms: Any) -> None:
        body = {"version": 0, "kind": kind, "label": "运营群", "news": ["cases", "reviews", "books"], **terms}
        path = f"/v1/admin/bots/{name}"
        status, answer, _ = self.call(bots_admin.handler, "PUT", path, body, caller=OPERATOR)
        assert status == 200, answer
        secret = {"secret": SIGNED_WITH[kind]} if kind in SIGNED_WITH else {}
        address = {"webhook": url or self.chat.url(kind), **secret}
        key = {"Idempotency-Key": "k1"}
        status, answer, _ = self.call(
            bots_admin.handler, "PUT", f"{path}/webhook", address, caller=OPERATOR, headers=key
        )
        assert status == 200, answer

    def news(self, *events: ShopEvent) -> list[dict[str, Any]]:
        """What the queue holds of them."""
        Bus(BUS, self.cloud.client("events")).put(events)
        found, sqs = list[dict[str, Any]](), self.cloud.client("sqs")
        while got := sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages"):
            for one in got:
                told = {"messageId": one["MessageId"], "receiptHandle": one["ReceiptHandle"], "body": one["Body"]}
                found.append({**told, "eventSource": "aws:sqs"})
        return found

    def hear(self, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Those that come again."""
        answer = bots.handler({"Records": records}, LambdaContext())
        failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
        return [record for record in records if record["messageId"] in failed]

    def view(self, name: str = "desk") -> dict[str, Any]:
        items = self.call(bots_admin.handler, "GET", "/v1/admin/bots", caller=OPERATOR)[1]["items"]
        return next(item for item in items if item["name"] == name)


@pytest.fixture
def chat() -> Iterator[Chat]:
    with chatting() as made:
        yield made


@pytest.fixture
def room(cloud: Cloud, chat: Chat, call: Call, monkeypatch: pytest.MonkeyPatch) -> Room:
    return Room(cloud, chat, call, monkeypatch)


@pytest.mark.parametrize("kind", PATHS)
def test_each_provider_is_told_once_however_often_it_comes(room: Room, chat: Chat, kind: str) -> None:
    room.bot(kind=kind)
    records = room.news(alert(), alert())
    assert len(records) == 2
    for _ in range(3):
        assert room.hear(records) == []
    ((told, text),) = chat.said
    assert told == kind
    for part in (
        "【预警】库存偏低：sku-1 · 共享库存",
        "可售库存 1，已降至补货点 10。",
        "alerts/stock_low~sku-1~shared",
    ):
        assert part.replace("【", "【") in text
    assert room.view()["told_at"]
    assert room.view()["trouble"] is None


def test_it_tells_cases_reviews_books_and_ends_where_it_is_set_up_for_them(room: Room, chat: Chat) -> None:
    room.bot()
    room.bot("boss", alerts=["balance_low"], news=["books"], language="en")
    news: list[ShopEvent] = [
        CaseOpened.model_validate({**ORDER, **CASE, "id": "E1"}),
        ReviewOpened.model_validate({**ORDER, **REVIEW, "id": "E2"}),
        BooksDiffered(id="E3", at=NOON, day="2026-11-22", found=3, waiting_for_file=()),
    ]
    assert room.hear(room.news(*news)) == []
    assert room.hear(room.news(alert(4, over=True), alert(5, severity="info"))) == []
    told = "\n".join(chat.texts())
    for part in ("cases/C1", "reviews/W1", "books/2026-11-22", "Books of 2026-11-22: differences found: 3", "已恢复"):
        assert part in told
    assert len(chat.said) == 5


def test_a_burst_is_told_together_each_thing_once(room: Room, chat: Chat) -> None:
    room.bot()
    records = room.news(*(alert(n) for n in range(1, 41)))
    assert room.hear(records) == []
    assert len(chat.said) < 6
    told = "\n".join(chat.texts())
    assert [told.count(f"：sku-{n} · ") for n in range(1, 41)] == [1] * 40
    assert "条新通知" in chat.texts()[0]


def test_the_providers_minute_is_kept_and_what_is_over_is_told_later(room: Room, chat: Chat) -> None:
    room.bot(per_minute=2)
    assert room.hear(room.news(alert(1), alert(2))) == []
    left = room.hear(room.news(alert(3), alert(4)))
    assert len(left) == 2
    room.later(seconds=59)
    assert len(room.hear(left)) == 2
    assert len(chat.said) == 2
    room.later(seconds=2)
    assert room.hear(left) == []
    assert len(chat.said) == 4


def test_at_night_only_what_is_urgent_is_told_the_rest_in_the_morning(room: Room, chat: Chat) -> None:
    room.now = NIGHT
    room.bot(quiet={"starts": "22:00", "ends": "08:00"})
    room.bot("calm", quiet={"starts": "22:00", "ends": "08:00", "urgent_too": True})
    records = room.news(*(alert(n, NIGHT) for n in range(1, 6)), alert(9, NIGHT, severity="critical"))
    left = room.hear(records)
    assert len(left) == 6
    assert len(chat.said) == 1
    assert "【紧急】库存偏低：sku-9" in chat.texts()[0]
    room.later(hours=8)
    assert len(room.hear(left)) == 6
    room.later(hours=1)
    assert room.hear(left) == []
    assert sorted(text.count("sku-") // 2 for text in chat.texts()[1:]) == [5, 6]


def test_a_provider_that_wants_a_pause_gets_it(room: Room, chat: Chat) -> None:
    room.bot(kind="dingtalk")
    chat.mood = 130101
    left = room.hear(room.news(alert()))
    assert len(left) == 1
    assert room.view()["trouble"] == "130101"
    chat.mood = "answers"
    room.later(minutes=9)
    assert room.hear(left) == left
    assert chat.asked == 1
    room.later(minutes=2)
    assert room.hear(left) == []
    assert len(chat.said) == 1
    assert room.view()["trouble"] is None


def test_a_lasting_no_is_noted_and_shown_and_the_next_thing_is_told(room: Room, chat: Chat) -> None:
    room.bot()
    chat.mood = 93000
    records = room.news(alert(1))
    assert room.hear(records) == []
    assert (room.view()["trouble"], room.view()["told_at"]) == ("93000", None)
    chat.mood = "answers"
    assert room.hear(records + room.news(alert(2))) == []
    assert len(chat.said) == 1
    assert room.view()["trouble"] is None


@pytest.mark.parametrize("mood", ["html", "huge", "deaf"])
def test_what_nobody_knows_is_sent_twice_at_most(room: Room, chat: Chat, mood: str) -> None:
    room.bot()
    chat.mood, room.patience = mood, 0.3 if mood == "deaf" else room.patience
    left = records = room.news(alert())
    for _ in range(4):
        left = room.hear(records)
        room.later(minutes=3)
    assert left == []
    assert chat.asked == 2
    assert room.view()["trouble"] in ("http_200", "no_answer")
    chat.mood, room.patience = "answers", 20.0
    assert room.hear(room.news(alert(2))) == []
    assert len(chat.said) == (3 if mood == "deaf" else 1)


@pytest.mark.parametrize("mood", ["bad_gateway", "nobody"])
def test_an_outage_is_waited_out_and_other_bots_are_not_held_up(room: Room, chat: Chat, mood: str) -> None:
    port = 1 if mood == "nobody" else chat.port
    room.bot("down", url=f"http://127.0.0.1:{port}{PATHS['wecom']}")
    chat.mood = mood
    left = room.hear(room.news(alert()))
    for _ in range(5):
        room.later(minutes=3)
        assert room.hear(left) == left
    assert room.view("down")["trouble"] in ("http_502", "not_reached")
    chat.mood = "answers"
    room.bot("up")
    assert bool(room.hear(left)) == (mood == "nobody")
    assert "sku-1" in chat.texts()[-1]
    assert len(chat.said) == (1 if mood == "nobody" else 2)


def test_nobody_leads_it_elsewhere(room: Room, chat: Chat) -> None:
    room.bot()
    chat.mood = "elsewhere"
    assert room.hear(room.news(alert())) == []
    assert chat.asked == 1
    assert room.view()["trouble"] == "http_307"


def test_runs_at_once_tell_it_once(room: Room, chat: Chat) -> None:
    room.bot()
    records = room.news(*(alert(n) for n in range(1, 9)))
    with ThreadPoolExecutor(4) as pool:
        left = [record for some in pool.map(room.hear, [records] * 4) for record in some]
    assert room.hear(left) == []
    told = "\n".join(chat.texts())
    assert [told.count(f"：sku-{n} · ") for n in range(1, 9)] == [1] * 8


def test_a_run_that_dies_before_it_notes_lets_the_next_tell_it(
    room: Room, chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.bot()
    records = room.news(alert())
    with monkeypatch.context() as dying:

        def dies(*given: Any, **__: Any) -> None:
            if given[-1] != "failed":
                raise SystemExit

        dying.setattr(BotOutbox, "settle", dies)
        dying.setattr(BotOutbox, "end_turn", dies)
        with pytest.raises(SystemExit):
            room.hear(records)
    assert room.hear(records) == records  # the turn is not over
    room.now += A_TURN
    assert room.hear(records) == []
    assert room.hear(records) == []
    assert len(chat.said) == 2


def test_a_message_that_cannot_be_read_and_a_bot_that_fails_hold_nothing_up(
    room: Room, chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.bot()
    broken = {"messageId": "m0", "receiptHandle": "r0", "body": "{", "eventSource": "aws:sqs"}
    assert room.hear([broken, *room.news(alert(1))]) == [broken]
    assert len(chat.said) == 1
    records = room.news(alert(2))
    with monkeypatch.context() as broken_vault:
        broken_vault.setattr("quanyi.provider_secrets.ProviderSecrets.read", lambda *_: 1 / 0)
        assert room.hear(records) == records
    assert room.hear(records) == []
    assert len(chat.said) == 2


def test_old_news_is_let_go(room: Room, chat: Chat) -> None:
    room.bot()
    chat.mood = "bad_gateway"
    records = room.news(alert())
    assert room.hear(records) == records
    chat.mood = "answers"
    room.now += STALE + timedelta(minutes=1)
    assert room.hear(records) == []
    assert chat.said == []


def test_a_bot_without_an_address_fails_at_once_and_says_so(room: Room, chat: Chat, call: Call) -> None:
    body = {"version": 0, "kind": "wecom", "label": "new"}
    assert call(bots_admin.handler, "PUT", "/v1/admin/bots/new", body, caller=OPERATOR)[0] == 200
    assert room.hear(room.news(alert())) == []
    assert (room.view("new")["trouble"], room.view("new")["has_webhook"]) == ("no_webhook", False)
    status, answer, _ = call(bots_admin.handler, "POST", "/v1/admin/bots/new/test", caller=OPERATOR)
    assert (status, answer["reason"]) == (409, "webhook_missing")


def test_addresses_stay_secret(room: Room, chat: Chat, capsys: pytest.CaptureFixture[str]) -> None:
    for kind in PATHS:
        room.bot(f"bot-{kind}", kind)
    room.hear(room.news(alert(1)))
    chat.mood = "html"
    room.hear(room.news(alert(2)))
    views = json.dumps([room.view(f"bot-{kind}") for kind in PATHS])
    seen = capsys.readouterr().out + repr(room.cloud.contents()) + views
    for secret in ("wecom-key", "ding-token", "feishu-hook", *SIGNED_WITH.values()):
        assert secret not in seen


def test_it_is_set_up_and_tried_by_an_operator(room: Room, chat: Chat, call: Call) -> None:
    room.bot()
    path, body = "/v1/admin/bots/desk", {"kind": "wecom", "label": "二号群", "enabled": False}
    assert call(bots_admin.handler, "PUT", path, {**body, "version": 0}, caller=OPERATOR)[0] == 409
    for _ in range(2):
        status, view, _ = call(bots_admin.handler, "PUT", path, {**body, "version": 1}, caller=OPERATOR)
        assert (status, view["version"], view["terms"]["label"]) == (200, 2, "二号群")
    other = {**body, "kind": "feishu", "version": 2}
    assert call(bots_admin.handler, "PUT", path, other, caller=OPERATOR)[1]["reason"] == "kind_fixed"
    assert call(bots_admin.handler, "PUT", path, {**body, "version": 2, "per_minute": 21}, caller=OPERATOR)[0] == 422
    assert call(bots_admin.handler, "POST", f"{path}/test", caller=OPERATOR)[1] == {"outcome": "told", "code": ""}
    assert "二号群" in chat.texts()[-1]
    chat.mood = 93000
    assert call(bots_admin.handler, "POST", f"{path}/test", caller=OPERATOR)[1] == {
        "outcome": "refused",
        "code": "93000",
    }
    assert call(bots_admin.handler, "POST", "/v1/admin/bots/none/test", caller=OPERATOR)[0] == 404
    for method, where in (("GET", "/v1/admin/bots"), ("PUT", path), ("POST", f"{path}/test")):
        sent = {**body, "version": 2} if method == "PUT" else None
        assert call(bots_admin.handler, method, where, sent, caller=Caller(role="support", key_id="K1"))[0] == 403
    assert room.hear(room.news(alert())) == []
    assert len(chat.said) == 1


def test_in_production_its_address_is_its_providers(
    room: Room, chat: Chat, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.bot()
    monkeypatch.setattr("notify.bots_admin.bot_desk", lambda: replace(bot_desk(), stage="production"))
    path, key = "/v1/admin/bots/desk/webhook", {"Idempotency-Key": "k2"}
    for url, expected in (
        (chat.url("wecom"), 422),
        ("https://oapi.dingtalk.com/robot/send?access_token=x", 422),
        ("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=x", 200),
    ):
        status, answer, _ = call(bots_admin.handler, "PUT", path, {"webhook": url}, caller=OPERATOR, headers=key)
        assert status == expected
        assert url not in json.dumps(answer)
