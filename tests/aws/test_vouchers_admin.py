"""Series of vouchers: made, generated exactly once however often it is tried, exported, found, changed, withdrawn."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from quanyi.callers import Caller
from quanyi.cards.model import Face
from quanyi.cards.table import CardsTable
from quanyi.clock import stamp
from quanyi.errors import Busy, Refusal
from quanyi.imports.table import LEASE
from quanyi.receiving import writing
from quanyi.secret import Secret
from quanyi.vouchers.guessing import TooManyTries
from quanyi.vouchers.issue import voucher_id
from redeem.messages import UseBody
from redeem.using import check
from stock import stretch, withdrawing
from tests.aws.conftest import Call, Cloud
from tests.aws.counter import Counter
from tests.aws.stockroom import put_sku
from tests.aws.test_stock_crash import WAYS, Died, calls_to_end_at, sabotage
from tests.aws.voucher_room import OPERATOR, SUPPORT, Room, open_room
from vouchers import exporting


@pytest.fixture
def room(cloud: Cloud, call: Call, monkeypatch: pytest.MonkeyPatch) -> Room:
    queue = cloud.client("sqs").create_queue(QueueName="imports")["QueueUrl"]
    monkeypatch.setenv("IMPORT_QUEUE_URL", queue)
    return open_room(cloud, call, queue)


def test_a_series_is_made_once(room: Room) -> None:
    body = {"sku": "GIFT", "title": "Opening week"}
    _, first, _ = room.ask("POST", "/v1/admin/voucher-series", body, key="k")
    put_sku(room.cloud, "GIFT", kind="voucher", voucher={"issue": "stock"}, issuer="", version=2)
    status, again, _ = room.ask("POST", "/v1/admin/voucher-series", body, key="k")
    assert (status, again) == (201, first)
    assert first["terms"]["value"] == {"kind": "amount", "amount": 10_000}
    status, other, _ = room.ask("POST", "/v1/admin/voucher-series", {**body, "title": "x"}, key="k")
    assert (status, other["code"]) == (422, "idempotency_key_reused")
    _, listed, _ = room.ask("GET", "/v1/admin/voucher-series", query={"sku": "GIFT"})
    assert [one["id"] for one in listed["items"]] == [first["id"]]


def test_a_cursor_of_another_skus_series(room: Room) -> None:
    for _ in range(2):
        room.series()
    _, page, _ = room.ask("GET", "/v1/admin/voucher-series", query={"sku": "GIFT", "limit": "1"})
    status, problem, _ = room.ask(
        "GET", "/v1/admin/voucher-series", query={"sku": "COFFEE", "limit": "1", "cursor": page["next"]}
    )
    assert (status, problem["reason"]) == (422, "foreign_cursor")
    _, rest, _ = room.ask("GET", "/v1/admin/voucher-series", query={"sku": "GIFT", "cursor": page["next"]})
    assert len(rest["items"]) == 1


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"sku": "NONE"}, "sku_unknown"),
        ({"sku": "VIP-M"}, "sku_not_voucher"),
        ({"sku": "GIFT", "terms": {"currency": "USD"}}, "currency"),
        ({"sku": "GIFT", "terms": {"rules": {"when": "sale.amount >"}}}, "condition"),
        ({"sku": "GIFT", "terms": {"rules": {"when": "sale.moon > 3"}}}, "condition"),
    ],
)
def test_a_series_that_cannot_be(room: Room, body: dict[str, Any], reason: str) -> None:
    status, problem, _ = room.ask("POST", "/v1/admin/voucher-series", body)
    assert (status, problem["reason"]) == (422, reason)


def test_a_series_keeps_what_the_law_asks_of_its_prepaid_cards(room: Room) -> None:
    terms = {"value": {"kind": "amount", "amount": 1_000_00}, "issue": "stock"}
    put_sku(
        room.cloud,
        "CARD",
        kind="voucher",
        voucher=terms,
        issuer="",
        prepaid={"industry": "retail", "registered": False},
    )
    room.series("CARD")
    above = {**terms, "value": {"kind": "amount", "amount": 1_000_01}}
    status, problem, _ = room.ask("POST", "/v1/admin/voucher-series", {"sku": "CARD", "terms": above})
    assert (status, problem["reason"]) == (422, "prepaid_rule")
    assert problem["problems"] == [{"sku": "CARD", "article": 18, "problem": "above_1000_yuan"}]


@pytest.mark.parametrize("into", ["handed_out", "stock"])
def test_vouchers_are_generated_and_exported(room: Room, into: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "ROWS", 4)
    series = room.series()["id"]
    run = room.generate(series, 5, into)
    more = room.generate(series, 2, into)
    assert [(one["first"], one["last"]) for one in (run, more)] == [(1, 5), (6, 7)]
    room.work_off()
    rows = room.exported(series)
    assert [row["number"] for row in rows] == ["1", "2", "3", "4", "5", "6", "7"]
    made = {card["card_id"]: card for card in room.cards()}
    keys = room.cloud.keyring
    for row in rows:
        card = made.pop(row["card"])
        assert voucher_id(keys, Face("code", Secret(row["code"]))) == card["card_id"]
        assert (card["number"], card["left"], card["whole"]) == (int(row["number"]), 10_000, 10_000)
        assert row["qr"].startswith(f"QV1.s.{card['card_id']}.")
        assert len(row["pin"]) == 4
        assert card["state"] == ("delivered" if into == "handed_out" else "available")
        assert ("available" in card) == (into == "stock")
        assert "order" not in card
    assert made == {}
    faces = room.shop.faces()  # what is sealed is what was exported
    assert {(row["code"], row["pin"]) for row in rows} >= set(faces.values())
    assert room.trail(f"SERIES#{series}").count("CodesExported") == 2
    _, view, _ = room.ask("GET", f"/v1/admin/voucher-series/{series}")
    assert [(one["first"], one["last"], one["handed_out"]) for one in view["runs"]] == [
        (1, 5, into == "handed_out"),
        (6, 7, into == "handed_out"),
    ]
    seen = room.shop.view(run["id"])
    assert (seen["state"], seen["file_type"], seen["cards"], seen["percent"]) == ("done", "generated", 5, 100)
    pools = [item for item in room.cloud.contents("SupplyTable")["SupplyTable"] if item["pk"].startswith("POOLS#")]
    assert len(pools) == (into == "stock")


def test_generating_again_generates_once(room: Room) -> None:
    series = room.series()["id"]
    path = f"/v1/admin/voucher-series/{series}/generate"
    body = {"count": 3, "into": "stock"}
    first = room.ask("POST", path, body, key="g")[1]
    assert room.ask("POST", path, body, key="g")[:2] == (202, first)
    assert room.ask("POST", path, {**body, "count": 4}, key="g")[1]["code"] == "idempotency_key_reused"
    room.work_off()
    before = room.cards()
    assert room.ask("POST", path, body, key="g")[1] == first
    room.work_off()
    assert room.cards() == before
    assert len(before) == 3


@pytest.mark.parametrize(
    ("sku", "body", "reason"),
    [
        ("COFFEE", {"into": "stock"}, "not_from_stock"),
        ("GIFT", {"into": "stock", "channel": "nowhere"}, "channel_unknown"),
        ("GIFT", {"into": "handed_out", "channel": "taobao"}, "handed_out_channel"),
    ],
)
def test_what_cannot_be_generated(room: Room, sku: str, body: dict[str, Any], reason: str) -> None:
    series = room.series(sku)["id"]
    status, problem, _ = room.ask("POST", f"/v1/admin/voucher-series/{series}/generate", {"count": 1, **body})
    assert (status, problem["reason"]) == (422, reason)


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_generation_that_ends_anywhere_is_made_good(room: Room, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stretch, "STRETCH", 2)
    monkeypatch.setattr(writing, "MAX_CARDS", 3)
    room.cloud.keyring.key("fingerprint")
    room.cloud.keyring.key("voucher")
    series = room.series()["id"]
    last = at = 0
    for at in calls_to_end_at(way):
        run = room.generate(series, 5, "stock" if at % 2 else "handed_out")
        assert run["first"] == last + 1
        last = run["last"]
        room.shop.messages()
        with sabotage(at, way) as saboteur:
            try:
                room.shop.run(run["id"])
            except (Died, ClientError, Busy):
                assert saboteur.struck
        if way != "fail":
            room.shop.now += LEASE + timedelta(seconds=1)
        for _ in range(2):
            assert room.shop.run(run["id"]) is True
        mine = [card for card in room.cards() if card.get("import_id") == run["id"]]
        assert sorted(card["number"] for card in mine) == list(range(run["first"], run["last"] + 1)), (way, at)
        seen = room.shop.view(run["id"])
        assert (seen["state"], seen["read"], seen["accepted"], seen["duplicate"]) == ("done", 5, 5, 0), (way, at)
        if not saboteur.struck:
            break
    assert at > 15
    assert len(room.exported(series)) == last == len(room.cards())


def test_units_that_wait_are_served_first(room: Room) -> None:
    item = {"pk": "BACKLOG#GIFT", "sk": "2026-11-01T00:00:00.000Z#O1#0-0", "order": "O1", "unit": "0-0", "attempt": 1}
    room.cloud.table("OrdersTable").put({**item, "channel": "site", "v": 1})
    room.generate(room.series()["id"], 3, "stock")
    room.work_off()
    assert sorted(card["state"] for card in room.cards()) == ["available", "available", "reserved"]
    (entry,) = room.cloud.contents("OrdersTable")["OrdersTable"]
    assert entry["card"] in {card["card_id"] for card in room.cards() if card["state"] == "reserved"}
    rows = room.exported(next(card["series"] for card in room.cards()))
    assert sorted(bool(row["code"]) for row in rows) == [False, True, True]


def test_what_was_sold_is_exported_without_its_code(room: Room) -> None:
    series = room.series()["id"]
    room.generate(series, 2, "stock")
    room.work_off()
    sold, kept = room.cards()
    change = "SET #state = :state, #order = :order REMOVE available"
    room.cloud.table("CardsTable").update({"card_id": sold["card_id"]}, change, state="delivered", order="O1")
    rows = {row["card"]: row for row in room.exported(series)}
    assert [rows[sold["card_id"]][name] for name in ("code", "pin", "qr")] == ["", "", ""]
    assert rows[kept["card_id"]]["code"]
    status, problem, _ = room.ask("GET", f"/v1/admin/voucher-series/{series}/vouchers/{sold['card_id']}/qr")
    assert (status, problem["reason"]) == (409, "sold")


def test_a_cancelled_series_leaves_the_stock(room: Room) -> None:
    series = room.series()["id"]
    room.generate(series, 4, "stock")
    room.work_off()
    assert {card["state"] for card in room.cards()} == {"available"}
    for _ in range(2):
        status, view, _ = room.change(series, "cancel")
        assert (status, view["cancelled"]) == (200, "because")
        room.work_off()
        assert {card["state"] for card in room.cards()} == {"voided"}
    for action in ("extend", "freeze", "unfreeze"):
        body = {"until": "2030-01-01T00:00:00Z"} if action == "extend" else {}
        assert room.change(series, action, **body)[0] == 409
    status, problem, _ = room.ask("POST", f"/v1/admin/voucher-series/{series}/generate", {"count": 1, "into": "stock"})
    assert (status, problem["reason"]) == (409, "cancelled")


def test_withdrawing_goes_on_from_where_it_got(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test's run has little time left from the start."""
    monkeypatch.setattr(withdrawing, "CARDS_A_PAGE", 2)
    series = room.series()["id"]
    room.generate(series, 5, "stock")
    room.work_off()
    room.change(series, "cancel")
    assert room.work_off() >= 3
    assert {card["state"] for card in room.cards()} == {"voided"}


def states(room: Room) -> list[str]:
    return sorted(card["state"] for card in room.cards())


@pytest.mark.parametrize("action", ["freeze", "extend"])
def test_stock_is_out_of_sale_while_its_series_is(room: Room, monkeypatch: pytest.MonkeyPatch, action: str) -> None:
    monkeypatch.setattr(withdrawing, "CARDS_A_PAGE", 2)
    series = room.series()["id"]
    room.generate(series, 1, "handed_out")
    room.generate(series, 4, "stock")
    room.work_off()
    cards, who = room.shop.work().cards, {"by": "operator:k1", "reason": "looked odd"}
    odd = next(card["card_id"] for card in room.cards() if card["state"] == "available")
    cards.quarantine(odd, **who)
    stop = {"until": "2020-01-01T00:00:00Z"} if action == "extend" else {}
    again = {"until": "2099-01-01T00:00:00Z"} if action == "extend" else {}
    for _ in range(2):
        assert room.change(series, action, **stop)[0] == 200
        room.work_off()
        assert states(room) == ["delivered"] + ["quarantined"] * 4
    for pool in room.shop.work().pools.every("GIFT", fresh=True):
        room.shop.work().pools.close(pool)  # as every night, when it is empty
    for _ in range(2):
        assert room.change(series, "unfreeze" if action == "freeze" else action, **again)[0] == 200
        room.work_off()
        assert states(room) == ["available"] * 3 + ["delivered", "quarantined"]
    kept = cards.get(odd) or {}
    assert (kept["changed_by"], kept["reason"]) == (who["by"], who["reason"])
    assert room.shop.work().pools.every("GIFT", fresh=True)


def test_what_overtakes_what_the_stock_ends_as_its_series_stands(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last page of a freeze is written when the unfreezing is through already."""
    monkeypatch.setattr(withdrawing, "CARDS_A_PAGE", 3)
    series = room.series()["id"]
    room.generate(series, 4, "stock")
    room.work_off()
    room.change(series, "freeze")
    of_series, overtaken = CardsTable.of_series, list[str]()

    def meanwhile(cards: CardsTable, series_id: str, *, limit: int, start: Any = None) -> Any:
        if start and not overtaken:
            overtaken.append(series_id)
            room.change(series, "unfreeze")
            room.work_off()
            assert states(room) == ["available"] * 4
        return of_series(cards, series_id, limit=limit, start=start)

    monkeypatch.setattr(CardsTable, "of_series", meanwhile)
    room.work_off()
    assert overtaken
    assert states(room) == ["available"] * 4


def test_a_frozen_series_gets_no_more_stock(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stretch, "STRETCH", 2)
    series = room.series()["id"]
    run = room.generate(series, 4, "stock")
    room.shop.messages()
    work = room.shop.work()
    put_refused = type(work.imports).put_refused

    def frozen_meanwhile(imports: Any, import_id: str, refused: Any) -> None:
        room.change(series, "freeze")
        room.shop.messages()  # the stock of that moment has been gone through
        put_refused(imports, import_id, refused)

    monkeypatch.setattr(type(work.imports), "put_refused", frozen_meanwhile)
    assert room.shop.run(run["id"]) is True
    assert room.shop.view(run["id"])["state"] == "done"
    room.work_off()
    assert states(room) == ["quarantined"] * 4
    path = f"/v1/admin/voucher-series/{series}/generate"
    status, problem, _ = room.ask("POST", path, {"count": 1, "into": "stock"})
    assert (status, problem["reason"]) == (409, "frozen")
    assert room.ask("POST", path, {"count": 1, "into": "handed_out"})[0] == 202


def test_a_series_cancelled_while_it_is_generated_makes_no_more(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stretch, "STRETCH", 2)
    series = room.series()["id"]
    run = room.generate(series, 6, "stock")
    room.shop.messages()
    work = room.shop.work()
    put_refused = type(work.imports).put_refused

    def cancelled_meanwhile(imports: Any, import_id: str, refused: Any) -> None:
        room.change(series, "cancel")
        put_refused(imports, import_id, refused)

    monkeypatch.setattr(type(work.imports), "put_refused", cancelled_meanwhile)
    assert room.shop.run(run["id"]) is True
    assert room.shop.view(run["id"])["state"] == "cancelled"
    assert len(room.cards()) == 2
    room.work_off()
    assert {card["state"] for card in room.cards()} == {"voided"}


def test_a_series_is_extended_frozen_and_unfrozen(room: Room) -> None:
    series = room.series()["id"]
    _, view, _ = room.change(series, "extend", until="2030-01-01T00:00:00Z")
    assert view["valid_until"] == "2030-01-01T00:00:00.000Z"
    assert room.change(series, "freeze")[1]["frozen"] == "because"
    assert room.change(series, "unfreeze")[1]["frozen"] == ""
    assert room.change(series, "extend")[1]["reason"] == "until"
    assert room.change(series, "freeze", until="2030-01-01T00:00:00Z")[1]["reason"] == "until"
    assert room.change("VS" + "0" * 20, "freeze")[0] == 404
    found = room.trail(f"SERIES#{series}")
    assert sorted(found) == ["SeriesExtended", "SeriesFrozen", "SeriesMade", "SeriesUnfrozen"]


def test_vouchers_are_found(room: Room) -> None:
    series = room.series()["id"]
    room.generate(series, 3)
    room.work_off()
    rows = room.exported(series)
    typed = f" {rows[0]['code'].lower().replace('-', ' ')} "
    found: Any = None
    for caller in (SUPPORT, OPERATOR):
        body = {"codes": [typed, "AAAA-AAAA", rows[1]["code"]]}
        status, found, _ = room.ask("POST", "/v1/admin/vouchers/find", body, caller=caller)
        assert status == 200
        assert [one and one["number"] for one in found["items"]] == [1, None, 2]
    _, listed, _ = room.ask("GET", "/v1/admin/vouchers", query={"series": series, "limit": "2"})
    _, rest, _ = room.ask("GET", "/v1/admin/vouchers", query={"series": series, "limit": "2", "cursor": listed["next"]})
    assert sorted(one["number"] for one in listed["items"] + rest["items"]) == [1, 2, 3]
    assert room.ask("GET", "/v1/admin/vouchers")[0] == 422
    assert rows[0]["code"] not in json.dumps([found, listed])


def test_one_voucher_is_changed(room: Room) -> None:
    series = room.series()["id"]
    room.generate(series, 1)
    room.work_off()
    (card,) = room.cards()
    path = f"/v1/admin/vouchers/{card['card_id']}"
    because = {"reason": "because"}
    assert room.ask("POST", f"{path}/freeze", because)[1]["frozen"] == "because"
    room.cloud.table("CardsTable").update({"card_id": card["card_id"]}, "SET pins_tried = :five", five=set("12345"))
    assert room.ask("GET", path)[1]["locked"] is True
    unfrozen = room.ask("POST", f"{path}/unfreeze", because)[1]
    assert (unfrozen["frozen"], unfrozen["locked"]) == ("", False)
    until = {**because, "until": "2030-01-01T00:00:00Z"}
    assert room.ask("POST", f"{path}/extend", until)[1]["valid_until"] == "2030-01-01T00:00:00.000Z"
    qr = f"/v1/admin/voucher-series/{{}}/vouchers/{card['card_id']}/qr"
    assert room.ask("GET", qr.format(room.series()["id"]))[0] == 404
    _, drawn, headers = room.ask("GET", qr.format(series))
    assert drawn["text"].startswith("QV1.s.")
    assert drawn["svg"].startswith("<svg")
    assert drawn["text"] not in drawn["svg"]
    assert headers["cache-control"] == "no-store"
    assert room.trail(f"CARD#{card['card_id']}") == ["QrCodeShown"]
    for _ in range(2):
        status, view, _ = room.ask("POST", f"{path}/cancel", because)
        assert (status, view["state"]) == (200, "voided")
    assert room.ask("POST", f"{path}/cancel", {"reason": "other"})[0] == 409
    assert room.ask("GET", path)[1]["history"] == []
    assert room.ask("GET", f"/v1/admin/vouchers/{'x' * 43}")[0] == 404


def test_an_unfrozen_voucher_is_unlocked(room: Room, cloud: Cloud) -> None:
    """Also of what is counted about its code, without which the counter would go on saying no."""
    counter = Counter(cloud, room.shop.now)
    voucher = counter.hand_out(counter.series(pin_digits=4))
    for number in range(6):
        caller = Caller(role="counter", key_id=f"K{number}", stores=("S1",))
        with pytest.raises(Refusal):
            check(counter.till, caller, UseBody.model_validate({"code": voucher.code, "pin": f"{number:07d}"}))
    with pytest.raises(TooManyTries):
        counter.redeem(voucher)
    for _ in range(2):
        assert room.ask("POST", f"/v1/admin/vouchers/{voucher.card_id}/unfreeze", {"reason": "asked"})[0] == 200
    assert counter.redeem(voucher).voucher.left == 0


def test_support_may_look_and_no_more(room: Room) -> None:
    series = room.series()["id"]
    room.generate(series, 1)
    room.work_off()
    (card,) = room.cards()
    before = room.cloud.contents()
    refused: list[Callable[[], Any]] = [
        lambda: room.ask("POST", "/v1/admin/voucher-series", {"sku": "GIFT"}, caller=SUPPORT),
        lambda: room.ask("GET", f"/v1/admin/voucher-series/{series}/export", caller=SUPPORT),
        lambda: room.ask("POST", f"/v1/admin/voucher-series/{series}/cancel", {"reason": "x"}, caller=SUPPORT),
        lambda: room.ask(
            "POST", f"/v1/admin/voucher-series/{series}/generate", {"count": 1, "into": "stock"}, caller=SUPPORT
        ),
        lambda: room.ask("GET", f"/v1/admin/voucher-series/{series}/vouchers/{card['card_id']}/qr", caller=SUPPORT),
        lambda: room.ask("POST", f"/v1/admin/vouchers/{card['card_id']}/cancel", {"reason": "x"}, caller=SUPPORT),
    ]
    assert [ask()[0] for ask in refused] == [403] * len(refused)
    assert room.cloud.contents() == before
    assert room.ask("GET", f"/v1/admin/vouchers/{card['card_id']}", caller=SUPPORT)[0] == 200


def test_codes_are_nowhere_but_in_the_answer(room: Room, capfd: pytest.CaptureFixture[str]) -> None:
    series = room.series()["id"]
    room.generate(series, 3, "stock")
    room.work_off()
    rows = room.exported(series)
    room.ask("POST", "/v1/admin/vouchers/find", {"codes": [row["code"] for row in rows]})
    kept = json.dumps(room.cloud.contents(), default=repr) + "".join(capfd.readouterr())
    for row in rows:
        for text in (row["code"], row["code"].replace("-", ""), row["qr"]):
            assert text not in kept


def test_what_the_stock_sells_by_follows_the_series(room: Room) -> None:
    series = room.series()["id"]
    until = room.shop.now + timedelta(days=30)
    room.change(series, "extend", until=stamp(until))
    room.generate(series, 1, "stock")
    room.work_off()
    (card,) = room.cards()
    assert (card["sell_by"], "expires_at" in card) == (stamp(until), False)
