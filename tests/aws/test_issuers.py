"""Third parties' cards: confirmed once, whatever their issuer answers or does not, and asked about until known."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from quanyi.callers import Caller
from quanyi.cards.model import Face, card_id
from quanyi.clock import stamp
from quanyi.errors import Conflict, KeyReused, NotFound
from quanyi.issuers.port import IssuerRefused
from quanyi.issuers.rest import ON_ITS_WAY, RestIssuer
from quanyi.issuers.settings import IssuerSettings
from quanyi.issuers.table import ConfirmingCards, IssuersTable
from quanyi.secret import Secret
from quanyi.signed import signature
from quanyi.vouchers.refusals import NotUsable, VoucherUnknown
from redeem import issuers as issuers_api
from redeem.confirming import confirm
from redeem.messages import ConfirmBody, UseConfirmed
from redeem.sweep import sweep
from redeem.wiring import IssuerTill
from tests.aws.conftest import Call, Cloud
from tests.aws.counter import NOON, TILL, Counter
from tests.aws.memory import MemoryCloud

OPERATOR = Caller(role="operator", key_id="K9")
SECRET = Secret("shared-with-acme-0123")
ENDPOINT = "https://issuer.example.com/v1"


@dataclass
class Acme:
    """An issuer: keeps its own books, checks every signature, and answers as it is told: `answers`, `lost` (does it,
    and says nothing), `never` (does not hear), `forged`, `late` (an old signature)."""

    mood: str = "answers"
    refuses: str = ""
    left: int | None = None
    now: datetime = NOON
    done: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    heard: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Mapping[str, str], bytes]:
        if self.mood == "never":
            raise OSError("no route")
        path = url.removeprefix("https://issuer.example.com")
        made = signature(SECRET, headers["Quanyi-Timestamp"], method, path, body)
        assert headers["Quanyi-Signature"] == made
        assert headers["Quanyi-Key"] == "shop-1"
        status, answer = self._post(json.loads(body)) if method == "POST" else self._get(path.rpartition("/")[2])
        if self.mood == "lost":
            raise TimeoutError
        raw = json.dumps(answer).encode()
        at = str(int((self.now - timedelta(hours=self.mood == "late")).timestamp()))
        secret = Secret("somebody-else's") if self.mood == "forged" else SECRET
        return status, {"quanyi-timestamp": at, "quanyi-signature": signature(secret, at, str(status), path, raw)}, raw

    def _post(self, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.heard.append(asked)
        outcome = {"outcome": "failed", "reason": self.refuses} if self.refuses else {"outcome": "succeeded"}
        left = {"left": self.left} if self.left is not None else {}
        return 200, self.done.setdefault(asked["request"], {"request": asked["request"], **outcome, **left})

    def _get(self, request: str) -> tuple[int, dict[str, Any]]:
        return (200, self.done[request]) if request in self.done else (404, {"request": request})


class Desk:
    """A till for Acme's cards, one of which was sold by order O1."""

    def __init__(self, cloud: Any) -> None:
        self.counter, self.acme = Counter(cloud), Acme()
        acme, counter = self.acme, self.counter

        class Till(IssuerTill):
            def issuer(self, settings: IssuerSettings) -> RestIssuer:
                return RestIssuer(settings.endpoint, settings.key_id, (SECRET,), self.now, send=acme.send)

        self.till = Till(
            cards=ConfirmingCards(cloud.table("CardsTable")),
            issuers=IssuersTable(cloud.table("CatalogTable")),
            secrets=None,  # type: ignore[arg-type] - the issuer above knows its own
            orders=counter.till.orders,
            stores=counter.till.stores,
            guesses=counter.till.guesses,
            keys=counter.till.keys,
            stage="local",
            now=lambda: counter.now,
        )
        settings = IssuerSettings(name="acme", issuer="Acme", endpoint=ENDPOINT, key_id="shop-1", updated_at=NOON)
        self.till.issuers.save(settings)
        self.card = self.sold("EXAMPLE-0001")

    def sold(self, number: str) -> str:
        face = Face("number", Secret(number))
        card = card_id(self.till.keys.key("fingerprint"), "Acme", face)
        item = {"card_id": card, "v": 1, "sku": "acme-100", "channel": "shared", "batch": "B1", "state": "delivered"}
        delivered = {"order": "O1", "unit": "0-0", "delivered_at": stamp(NOON)}
        self.till.cards.table.put(item | delivered)
        return card

    def item(self) -> dict[str, Any]:
        return self.till.cards.table.get({"card_id": self.card}) or {}

    def later(self, **delta: float) -> None:
        self.counter.later(**delta)
        self.acme.now = self.counter.now

    def confirm(self, key: str = "k1", code: str = "EXAMPLE 0001", caller: Caller = TILL, **more: Any) -> UseConfirmed:
        body = ConfirmBody.model_validate({"code": code, "pin": "1234", "operator": "mei", **more})
        return confirm(self.till, caller, "acme", key, body)


@pytest.fixture(params=["memory", "moto"])
def desk(request: pytest.FixtureRequest, cloud: Cloud) -> Desk:
    return Desk(MemoryCloud() if request.param == "memory" else cloud)


def test_a_yes_is_written_once(desk: Desk) -> None:
    done = [desk.confirm() for _ in range(3)]
    assert [one.known for one in done] == [True] * 3
    item = desk.item()
    assert (item["state"], item["left"], item["used"], len(item["uses"])) == ("redeemed", 0, 1, 1)
    assert {"confirming", "held", "hold_until"} & set(item) == set()
    (asked,) = desk.acme.heard
    assert (asked["number"], asked["pin"], asked["amount"], asked["store"]) == ("EXAMPLE 0001", "1234", 0, "S1")
    assert "EXAMPLE" not in str(desk.counter.cloud.contents())
    with pytest.raises(Conflict):
        desk.confirm("k2")
    with pytest.raises(KeyReused):
        desk.confirm(operator="li")
    assert len(desk.acme.heard) == 1


def test_what_is_left_can_be_used_again(desk: Desk) -> None:
    desk.acme.left = 700
    assert desk.confirm(amount={"amount": 300, "currency": "CNY"}).card["left"] == 700
    assert desk.item()["state"] == "delivered"
    desk.acme.left = 0
    assert desk.confirm("k2", amount={"amount": 700, "currency": "CNY"}).card["state"] == "redeemed"
    assert sorted(use["a"] for use in desk.item()["uses"].values()) == [300, 700]


def test_a_card_whose_uses_fill_its_item_is_not_asked_about(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.acme.left = 700
    first = desk.confirm(amount={"amount": 300, "currency": "CNY"})
    before = desk.item()
    monkeypatch.setattr("quanyi.vouchers.room.MOST_BYTES", 1_000)
    with pytest.raises(NotUsable) as refused:
        desk.confirm("k2", amount={"amount": 700, "currency": "CNY"})
    assert [one.rule for one in refused.value.refused] == ["full"]
    assert desk.confirm(amount={"amount": 300, "currency": "CNY"}).use == first.use
    assert (desk.item(), len(desk.acme.heard)) == (before, 1)


def test_a_no_leaves_the_card_as_it_was(desk: Desk) -> None:
    before = {**desk.item(), "uses": {}}
    desk.acme.refuses = "blocked"
    for _ in range(2):
        with pytest.raises(IssuerRefused) as refused:
            desk.confirm()
        assert refused.value.extra["reason"] == "blocked"
    assert desk.item() == before


@pytest.mark.parametrize("same", [True, False])
@pytest.mark.parametrize("mood", ["answers", "lost"])
def test_a_request_that_is_on_its_way_twice(desk: Desk, mood: str, same: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other one does everything between this one's read and its first write."""
    begin, others = ConfirmingCards.begin, list[str]()
    desk.acme.mood = mood

    def meanwhile(cards: ConfirmingCards, *asked: Any) -> Any:
        if not others:
            others.append("mei" if same else "li")
            desk.confirm(operator=others[0], amount={"amount": 300, "currency": "CNY"})
            desk.later(seconds=1)
        return begin(cards, *asked)

    monkeypatch.setattr(ConfirmingCards, "begin", meanwhile)
    body: Any = {"amount": {"amount": 300 if same else 900, "currency": "CNY"}}
    if same:
        assert desk.confirm(**body).known is (mood == "answers")
    else:
        with pytest.raises(KeyReused):
            desk.confirm(**body)
    desk.acme.mood = "answers"
    desk.later(minutes=3)
    sweep(desk.till)
    assert [use["a"] for use in desk.item()["uses"].values()] == [300]
    assert {json.dumps(asked) for asked in desk.acme.heard} == {json.dumps(desk.acme.heard[0])}


def test_a_card_is_not_put_under_confirmation_by_whom_nobody_can_ask(desk: Desk) -> None:
    class Till(IssuerTill):
        def live(self, name: str) -> tuple[Secret, ...]:
            return ()

    before = desk.item()
    desk.till = Till(**vars(desk.till))  # type: ignore[assignment]
    with pytest.raises(Conflict) as refused:
        desk.confirm()
    assert refused.value.extra["reason"] == "credentials_missing"
    assert desk.item() == before


@pytest.mark.parametrize("mood", ["lost", "forged", "late"])
def test_an_answer_that_did_not_come_is_asked_for(desk: Desk, mood: str) -> None:
    desk.acme.mood = mood
    assert not desk.confirm().known
    assert not desk.confirm().known
    with pytest.raises(Conflict) as refused:
        desk.confirm("k2")
    assert refused.value.extra["reason"] == "confirming"
    assert sweep(desk.till) == {}  # not yet
    desk.later(minutes=3)
    assert sweep(desk.till) == {"unknown": 1}
    desk.acme.mood = "answers"
    desk.later(minutes=3)
    assert sweep(desk.till) == {"succeeded": 1}
    assert sweep(desk.till) == {}
    assert desk.confirm().known
    assert len(desk.acme.heard) == 1
    assert desk.item()["state"] == "redeemed"


def test_a_request_that_never_arrived_fails_when_it_no_longer_can(desk: Desk) -> None:
    desk.acme.mood = "never"
    assert not desk.confirm().known
    desk.acme.mood = "answers"
    desk.later(minutes=3)
    assert sweep(desk.till) == {"unknown": 1}
    desk.later(seconds=ON_ITS_WAY.total_seconds())
    assert sweep(desk.till) == {"failed": 1}
    assert "confirming" not in desk.item()
    assert desk.confirm("k2").known


def test_a_card_taken_out_of_use_meanwhile_stays_so(desk: Desk) -> None:
    desk.acme.mood = "lost"
    desk.confirm()
    desk.counter.cards.quarantine(desk.card, by="support:K1", reason="refunded")
    desk.acme.mood = "answers"
    desk.later(minutes=3)
    assert sweep(desk.till) == {"succeeded": 1}
    item = desk.item()
    assert (item["state"], len(item["uses"]), "confirming" in item) == ("quarantined", 1, False)


def test_one_issuer_that_cannot_be_asked_does_not_hold_up_others(desk: Desk) -> None:
    desk.acme.mood = "lost"
    desk.confirm()
    other = desk.sold("EXAMPLE-0002")
    desk.confirm("k2", code="EXAMPLE-0002")
    desk.till.cards.table.update({"card_id": other}, "SET confirming.issuer = :gone", gone="gone")
    desk.acme.mood = "answers"
    desk.later(minutes=3)
    assert sweep(desk.till) == {"succeeded": 1, "failed_to_ask": 1}


def test_what_is_not_there(desk: Desk) -> None:
    with pytest.raises(VoucherUnknown):
        desk.confirm(code="NOBODY-0001")
    with pytest.raises(NotFound):
        confirm(desk.till, TILL, "other", "k1", ConfirmBody(code=Secret("x")))
    desk.till.orders.put({"pk": "ORDER#O1", "sk": "ORDER", "frozen": ["CASE1"]})
    with pytest.raises(NotUsable):
        desk.confirm()
    desk.till.orders.delete({"pk": "ORDER#O1", "sk": "ORDER"})
    settings = desk.till.issuers.get("acme")
    desk.till.issuers.save(settings.model_copy(update={"enabled": False, "version": 2}))
    with pytest.raises(NotFound):
        desk.confirm()
    assert desk.acme.heard == []
    assert set(desk.item()) & {"confirming", "uses"} == set()


def test_an_issuer_is_set_up(call: Call, cloud: Cloud) -> None:
    body = {"issuer": "Acme", "endpoint": ENDPOINT, "key_id": "shop-1", "version": 0}

    def put(path: str, sent: Any, key: str = "k1", caller: Caller = OPERATOR) -> Any:
        headers = {"Idempotency-Key": key}
        return call(issuers_api.handler, "PUT", f"/v1/admin/issuers/acme{path}", sent, caller=caller, headers=headers)

    assert put("/credentials", {"secret": SECRET.reveal()})[0] == 404
    made = [put("", body) for _ in range(2)]
    assert made[0] == made[1]
    assert (made[0][0], made[0][1]["secrets"]) == (200, 0)
    kept = [put("/credentials", {"secret": SECRET.reveal()}) for _ in range(2)]
    assert [(status, view["secrets"]) for status, view, _ in kept] == [(200, 1)] * 2
    assert put("/credentials", {"secret": "another-secret-0123"}, "k2")[1]["secrets"] == 2
    assert put("", {**body, "version": 1, "issuer": "Other"})[1]["reason"] == "issuer_fixed"
    assert put("", {**body, "version": 1, "endpoint": "ftp://x"})[0] == 422
    assert put("", body, caller=TILL)[0] == 403
    status, listed, _ = call(issuers_api.handler, "GET", "/v1/admin/issuers", caller=OPERATOR)
    assert (status, [one["name"] for one in listed["items"]]) == (200, ["acme"])
    assert SECRET.reveal() not in str([listed, cloud.contents()])
    seen = call(issuers_api.handler, "GET", "/v1/issuers", caller=TILL)
    assert seen[:2] == (200, {"items": [{"name": "acme", "issuer": "Acme"}]})
    assert call(issuers_api.handler, "GET", "/v1/issuers", caller=OPERATOR)[0] == 403
    assert put("", {**body, "version": 1, "enabled": False})[0] == 200
    assert call(issuers_api.handler, "GET", "/v1/issuers", caller=TILL)[1] == {"items": []}


def test_a_confirmation_by_http(call: Call, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(cloud)
    monkeypatch.setattr(issuers_api, "issuer_till", lambda: desk.till)
    desk.acme.mood = "lost"

    def post() -> Any:
        headers = {"Idempotency-Key": "k1"}
        path = "/v1/issuers/acme/redemptions"
        return call(issuers_api.handler, "POST", path, {"code": "EXAMPLE-0001"}, caller=TILL, headers=headers)

    first = post()
    assert (first[0], first[1]["state"], first[1]["left"]) == (202, "confirming", None)
    desk.acme.mood = "answers"
    second, third = post(), post()
    assert (second[0], second[1]["state"]) == (201, "redeemed")
    assert second == third
    assert second[1]["id"] == first[1]["id"]
