"""The counter over HTTP, every call twice; what the cards' stream makes of it; and the shop's stores."""

from collections.abc import Callable
from datetime import timedelta
from json import dumps
from typing import Any

import pytest

from quanyi.callers import Caller
from quanyi.clock import day, system_clock
from quanyi.redemptions import table
from quanyi.redemptions.model import Record, number_of
from quanyi.vouchers.use import Use
from redeem import counter as counter_api
from redeem import stores
from redeem.listing import redemptions_of
from stream import cards
from tests.aws.conftest import BUS, Call, Cloud, LambdaContext
from tests.aws.counter import ANY_TILL, NOON, SERVER, TILL, ZONE, Counter
from tests.aws.streams import records_of

OPERATOR = Caller(role="operator", key_id="K9")
TIMES: dict[str, Any] = {"value": {"kind": "times", "times": 3}, "reversal_minutes": 30}
Answer = tuple[int, Any, dict[str, str]]


@pytest.fixture
def shop(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Counter:
    monkeypatch.setenv("DEAD_LETTER_QUEUE", cloud.client("sqs").create_queue(QueueName="failed")["QueueUrl"])
    return Counter(cloud, system_clock())


@pytest.fixture
def send(call: Call) -> Callable[..., Answer]:
    def sent(path: str, body: Any, key: str = "k1", caller: Caller | None = TILL) -> Answer:
        headers = {"Idempotency-Key": key}
        return call(counter_api.handler, "POST", f"/v1/redemptions{path}", body, caller=caller, headers=headers)

    return sent


def test_check_redeem_reverse(shop: Counter, send: Callable[..., Answer]) -> None:
    voucher = shop.hand_out(shop.series(**TIMES, pin_digits=6))
    body = {"code": voucher.code, "pin": voucher.pin, "operator": "mei"}
    status, checked, _ = send("/check", body)
    assert (status, checked["usable"], checked["takes"], checked["voucher"]["left"]) == (200, True, 1, 3)
    first, again = send("", body), send("", body)
    assert first[0] == again[0] == 201
    assert first[1] == again[1]
    assert first[2]["cache-control"] == "no-store"
    done = first[1]
    assert (done["state"], done["amount"], done["store"], done["voucher"]["left"]) == ("redeemed", 1, "S1", 2)
    assert done["reversible_until"]
    told = [send(f"/{done['id']}/reverse", None) for _ in range(2)]
    assert {(status, body["state"], body["voucher"]["left"]) for status, body, _ in told} == {(200, "reversed", 3)}
    assert voucher.code not in dumps([checked, done])
    shop.till.vouchers.extend(voucher.card_id, None, by="operator:K9", reason="for good")
    assert send("/check", body)[1]["voucher"]["valid_until"] is None


def test_a_balance_is_looked_up(shop: Counter, send: Callable[..., Answer]) -> None:
    stored: dict[str, Any] = {"value": {"kind": "amount", "amount": 10_000}, "rules": {"minimum_spend": 500}}
    body = {"code": shop.hand_out(shop.series(**stored)).code}
    status, view, _ = send("/check", body)
    assert (status, view["usable"], view["voucher"]["left"]) == (200, True, 10_000)
    assert (view["missing"], view["unjudged"], view["takes"]) == ("amount", ["minimum_spend"], None)
    assert send("", body)[0] == 422


def test_refusals_are_problems(shop: Counter, send: Callable[..., Answer]) -> None:
    voucher = shop.hand_out(shop.series(rules={"weekdays": [], "minimum_spend": 100}))
    status, told, headers = send("", {"code": voucher.code})
    assert (status, told["code"], headers["content-type"]) == (409, "voucher_not_usable", "application/problem+json")
    assert told["refused"] == [{"rule": "minimum_spend", "amount": 100}]
    assert send("", {"code": voucher.code, "sale": {"amount": 100, "currency": "CNY"}}, "k2")[0] == 201
    status, told, _ = send("", {"code": voucher.code, "sale": {"amount": 100, "currency": "CNY"}}, "k3")
    assert (status, told["code"], told["left"], told["wanted"]) == (409, "voucher_spent", 0, 1)


def test_a_guesser_is_told_when_to_come_again(shop: Counter, send: Callable[..., Answer]) -> None:
    voucher = shop.hand_out(shop.series(pin_digits=6))
    answers = [send("/check", {"code": voucher.code, "pin": "0000000"}) for _ in range(6)]
    assert [status for status, _, _ in answers] == [404] * 5 + [429]
    assert answers[-1][1]["code"] == "too_many_tries"
    assert int(answers[-1][2]["retry-after"]) > 3500


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"code": "A", "qr": "QV1"},
        {"qr": "QV1", "pin": "123456"},
        {"code": "A", "unknown": 1},
        {"code": 7},
        {"code": "A" * 201},
        {"code": "A", "amount": {"amount": -1, "currency": "CNY"}},
        {"code": "A", "amount": {"amount": 1.5, "currency": "CNY"}},
        {"code": "A", "client_ip": "here"},
        {"code": "A", "store": "a b"},
        {"code": "0O1I"},
        [],
        "{",
    ],
)
def test_what_cannot_be_read_changes_nothing(shop: Counter, send: Callable[..., Answer], body: Any) -> None:
    before = shop.cloud.contents()
    for path in ("", "/check"):
        status, told, _ = send(path, body)
        assert status in (400, 422)
        assert "0O1I" not in dumps(told)
    assert shop.cloud.contents() == before


def test_who_may(shop: Counter, send: Callable[..., Answer]) -> None:
    body = {"code": shop.hand_out().code}
    assert send("", body, caller=None)[0] == 401
    assert send("", body, caller=OPERATOR)[0] == 403
    assert send("", {**body, "store": "S2"})[0] == 403
    assert send("", body, caller=SERVER)[0] == 201


def test_a_days_list_and_what_else_the_stream_tells(shop: Counter, send: Callable[..., Answer], call: Call) -> None:
    cloud = shop.cloud
    sqs, bus = cloud.client("sqs"), cloud.client("events")
    url = sqs.create_queue(QueueName="heard")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    bus.put_rule(Name="all", EventBusName=BUS, EventPattern=dumps({"source": ["quanyi"]}))
    bus.put_targets(Rule="all", EventBusName=BUS, Targets=[{"Id": "heard", "Arn": arn}])
    voucher = shop.hand_out(shop.series(**TIMES))
    numbers = [send("", {"code": voucher.code, "operator": "mei"}, key)[1]["id"] for key in ("k1", "k2", "k3")]
    send(f"/{numbers[1]}/reverse", None)

    def listed(caller: Caller = TILL, **query: str) -> Answer:
        return call(counter_api.handler, "GET", "/v1/redemptions", caller=caller, query=query or None)

    before: Any = None
    for _ in range(2):
        cards.handler({"Records": records_of(cloud, "CardsTable")}, LambdaContext())
        status, page, _ = listed()
        assert status == 200
        assert [(one["id"], one["state"], one["terminal"], one["operator"]) for one in page["items"]] == [
            (number, "reversed" if number == numbers[1] else "redeemed", "K1", "mei") for number in reversed(numbers)
        ]
        assert [(one["kind"], bool(one["reversible_until"])) for one in page["items"]] == [
            ("times", number != numbers[1]) for number in reversed(numbers)
        ]
        trail = [item for item in cloud.contents("StatsTable")["StatsTable"] if item["pk"].startswith("AUDIT#CARD")]
        told = [(item["by"], item["facts"][0]["what"], item["facts"][0]["left"]) for item in trail]
        assert told == [
            ("counter:K1", "used", 2),
            ("counter:K1", "used", 1),
            ("counter:K1", "used", 0),
            ("counter:K1", "use_reversed", 1),
        ]
        after = cloud.contents("StatsTable")
        assert before in (None, after)
        before = after
    heard = [m for _ in range(3) for m in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])]
    kinds = [kind for kind in ("CardRedeemed", "RedemptionReversed") for m in heard if f'"{kind}"' in m["Body"]]
    assert sorted(kinds) == ["CardRedeemed"] * 6 + ["RedemptionReversed"] * 2  # twice, with the same ids
    assert voucher.code not in str(heard)
    first = listed(limit="2")[1]
    assert [one["id"] for one in listed(limit="2", cursor=first["next"])[1]["items"]] == [numbers[0]]
    assert listed(date="2020-01-01")[1]["items"] == []
    assert listed(date="2020-02-31x")[0] == 422
    assert listed(store="S2")[0] == 403
    assert listed(ANY_TILL)[0] == 422
    assert len(listed(OPERATOR, store="S1")[1]["items"]) == 3
    assert listed(SERVER, store="S1")[1]["items"] == []  # another's


@pytest.mark.parametrize("limit", [1, 2, 50])
def test_a_channel_lists_its_own(shop: Counter, monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    """In whole pages, however many of others' lie between and however little is read at a time; where a call reads no
    further, what it found and how to go on."""
    monkeypatch.setattr(table, "READ", 2)
    monkeypatch.setattr(table, "MOST_PAGES", 2)
    shop.now = NOON
    series = shop.series(value={"kind": "times", "times": 99})
    voucher, numbers = shop.hand_out(series), list[str]()
    for number in range(12):
        at = shop.now + timedelta(milliseconds=number)
        use = Use(f"{number:016d}", 1, at, "K3", store="S1", channel="site" if number in (0, 7, 8, 11) else "other")
        shop.till.redemptions.put([Record(voucher.card_id, series.id, "coffee", "CNY", use)])
        numbers.insert(0, number_of(voucher.card_id, use.id))
    day_of = day(shop.now, ZONE)
    found: list[str] = []
    sizes: list[int] = []
    cursor: str | None = None
    while not sizes or cursor:
        page = redemptions_of(shop.till, SERVER, "S1", day_of, limit, cursor)
        found += [one.id for one in page.items]
        sizes.append(len(page.items))
        cursor = page.next
    assert found == [numbers[11 - number] for number in (11, 8, 7, 0)]
    assert sizes == {1: [1, 1, 1, 0, 1], 2: [2, 1, 1], 50: [2, 1, 1]}[limit]
    assert len(redemptions_of(shop.till, TILL, None, day_of, 50, None).items) == 12


def test_stores(shop: Counter, call: Call) -> None:
    def put(body: Any, caller: Caller = OPERATOR) -> Answer:
        return call(stores.handler, "PUT", "/v1/admin/stores/S7", body, caller=caller)

    new = {"name": "静安寺店", "region": "shanghai", "version": 0}
    made = [put(new) for _ in range(2)]
    assert made[0][:2] == made[1][:2]
    assert (made[0][0], made[0][1]["version"], made[0][1]["open"]) == (200, 1, True)
    assert put({**new, "name": "other"})[1]["reason"] == "stale_version"
    closed = put({**new, "version": 1, "open": False})[1]
    assert (closed["version"], closed["open"], closed["changed_by"]) == (2, False, "operator:K9")
    assert put(new)[0] == 409
    assert put(new, TILL)[0] == 403
    _, page, _ = call(stores.handler, "GET", "/v1/admin/stores", caller=OPERATOR, query={"limit": "2"})
    _, rest, _ = call(stores.handler, "GET", "/v1/admin/stores", caller=OPERATOR, query={"cursor": page["next"]})
    assert [one["id"] for one in [*page["items"], *rest["items"]]] == ["S1", "S2", "S7"]
    assert call(stores.handler, "GET", "/v1/admin/stores/S7", caller=OPERATOR)[1] == closed
    assert call(stores.handler, "GET", "/v1/admin/stores/S9", caller=OPERATOR)[0] == 404


def test_a_counter_sees_the_stores_that_it_may_redeem_in(shop: Counter, call: Call) -> None:
    def listed(caller: Caller) -> Any:
        return call(stores.handler, "GET", "/v1/stores", caller=caller)[1]

    both = [one["id"] for one in listed(ANY_TILL)["items"]]
    assert both == ["S1", "S2"]
    assert [one["id"] for one in listed(TILL)["items"]] == ["S1"]
    assert [set(one) for one in listed(TILL)["items"]] == [{"id", "name", "open"}]
    body = {"name": "S1", "region": "shanghai", "open": False, "version": 1}
    call(stores.handler, "PUT", "/v1/admin/stores/S1", body, caller=OPERATOR)
    assert [one["open"] for one in listed(TILL)["items"]] == [False]
    assert call(stores.handler, "GET", "/v1/stores", caller=OPERATOR)[0] == 403
