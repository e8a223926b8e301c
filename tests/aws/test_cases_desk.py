"""Cases over the API: the list, one case with its words and evidence, answers; and what is told of them."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cases import admin
from cases.sweep import sweep
from quanyi.callers import Caller
from quanyi.stream import change_of
from stream.orders import tell
from tests.aws.conftest import Call, Cloud
from tests.aws.court import OPERATOR, OURS, SUPPORT, WORDS, Court, made
from tests.aws.streams import records_of


@pytest.fixture
def court(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Court:
    court = made(cloud)
    monkeypatch.setattr(admin, "office", lambda: court.office)
    return court


# The API.


def test_the_list_is_by_deadline_page_by_page(court: Court, call: Call) -> None:
    hours = (30, 5, None, 12)
    for number, due in enumerate(hours):
        due_at = court.market.now + timedelta(hours=due) if due else None
        court.take(court.brings(court.sold(), number=f"N{number}", due_at=due_at))
    over = court.take(replace(court.brings(court.sold(), number="over"), end="won"))

    def page(**query: str) -> Any:
        status, found, _ = call(admin.handler, "GET", "/v1/admin/cases", caller=SUPPORT, query=query)
        assert status == 200, found
        return found

    numbers: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        found = page(limit="2", **cursor)
        numbers += [item["number"] for item in found["items"]]
        if not found["next"]:
            break
        cursor = {"cursor": found["next"]}
    assert numbers == ["N1", "N3", "N0", "N2"]
    assert [item["id"] for item in page(state="won")["items"]] == [over.id]
    assert page(state="answered")["items"] == []
    status, _, _ = call(admin.handler, "GET", "/v1/admin/cases", caller=SUPPORT, query={"state": "unheard"})
    assert status == 422


def test_a_case_is_read_with_its_words_and_its_evidence(court: Court, call: Call) -> None:
    order = court.sold(seen=True)
    court.sold()
    case = court.take(court.brings(order))
    court.answer(case, action="reply", text=OURS)
    path = f"/v1/admin/cases/{case.id}"
    status, full, headers = call(admin.handler, "GET", path, caller=OPERATOR)
    assert (status, full["text"], full["answers"][0]["text"]) == (200, WORDS, OURS)
    assert headers["cache-control"] == "no-store"
    status, found, _ = call(admin.handler, "GET", f"{path}/evidence", caller=SUPPORT)
    assert status == 200, found
    unit = found["order"]["deliveries"][0]
    assert (unit["supplier"], unit["card_state"]) == ("acme", "delivered")
    assert unit["revealed_at"] >= unit["delivered_at"]
    assert found["order"]["reveals"] == [
        {"at": found["order"]["reveals"][0]["at"], "units": ["0-0"], "by": "order", "ip": "198.51.100.7"}
    ]
    assert found["order"]["earlier"] == {"orders": 1, "delivered": 1, "refunded": 0}
    query = {"format": "text", "language": "en"}
    status, text, headers = call(admin.handler, "GET", f"{path}/evidence", caller=SUPPORT, query=query)
    assert (status, headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert text.startswith("Evidence on case N1 (sandbox)\n")
    assert "198.51.100.7" in text
    for secret in court.market.secrets_made:
        assert secret not in json.dumps([found, full]) + text


def test_answering_by_the_api_and_who_may(court: Court, call: Call) -> None:
    case = court.take(court.brings(court.sold()))
    path, key = f"/v1/admin/cases/{case.id}/answer", {"Idempotency-Key": "k1"}
    for body in (
        {"action": "reply"},
        {"action": "accept", "amount": {"amount": 1, "currency": "CNY"}},
        {"action": "x"},
    ):
        status, _, _ = call(admin.handler, "POST", path, body, caller=SUPPORT, headers=key)
        assert status == 422
    status, view, _ = call(admin.handler, "POST", path, {"action": "accept"}, caller=SUPPORT, headers=key)
    assert (status, view["state"], view["answers"][0]["outcome"]) == (200, "accepted", "succeeded")
    for role in ("analyst", "storefront", "counter"):
        other = Caller(role=role, key_id="X", channel="site")  # type: ignore[arg-type]
        status, _, _ = call(admin.handler, "GET", "/v1/admin/cases", caller=other)
        assert status == 403


def test_nothing_private_is_told_or_kept_plain(court: Court, cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    order = court.sold(seen=True)
    case = court.take(court.brings(order))
    court.answer(case, action="reply", text=OURS)
    court.market.later(hours=20)
    sweep(court.office)
    told = [tell(change_of(record)) for record in records_of(cloud, "OrdersTable")]
    names = {type(event).__name__ for one in told for event in one.events}
    assert {"CaseOpened", "CaseAnswered"} <= names
    kept = json.dumps(cloud.contents(), default=str) + capsys.readouterr().out + repr(told) + repr(court.case())
    for private in ("13800138000", OURS, "198.51.100.7", "buyer@example.com"):
        assert private not in kept
