"""A top-up sold without its account: it waits for it, is bought once it is named, or refunded when nobody names it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from checkout import orders
from checkout.accounts import AccountUnchecked
from checkout.messages import OrderBody
from checkout.naming import name_accounts
from checkout.place import place_order
from checkout.topup_messages import AccountsBody
from fulfill.reveal import reveal
from quanyi.callers import Caller
from quanyi.catalog.accounts import AccountInvalid
from quanyi.errors import Busy, Forbidden, NotFound
from quanyi.orders.missing import AccountGiven, AccountTooLate
from quanyi.orders.model import Order
from quanyi.orders.promise import overdue
from quanyi.orders.returns import NO_ACCOUNT, OUT_OF_STOCK
from quanyi.secret import Secret
from reorder.buy import buy
from tests.aws.bazaar import Bazaar, Seller
from tests.aws.conftest import Call, Cloud
from tests.aws.market import SITE
from tests.aws.recharges import GAME, NUMBERS, PHONE
from tests.search import Search

LATER: dict[str, Any] = {"fields": [PHONE], "ask": "later", "account_hours": 48}
FIRST, OTHER = {"phone": NUMBERS[0]}, {"phone": NUMBERS[1]}


@pytest.fixture
def bazaar(cloud: Cloud) -> Bazaar:
    return Bazaar(cloud)


def supplied(bazaar: Bazaar, sku: str = "phone-50", **terms: Any) -> Seller:
    bazaar.sku(sku, kind="topup", price=4980, face_value=5000, topup={**LATER, **terms})
    acme = bazaar.sellers.get("acme") or bazaar.seller("acme")
    bazaar.sells("acme", sku, cost=4900, fields={"phone": "mobile"})
    return acme


def buyer(order: Order) -> Caller:
    return Caller(role="order", order=order.id)


def say(bazaar: Bazaar, order: Order, *given: Mapping[str, str], caller: Caller | None = None, line: int = 0) -> Order:
    body = AccountsBody.model_validate({"line": line, "accounts": list(given)})
    return name_accounts(bazaar.shop, caller or buyer(order), order.id, body)


def sent(acme: Seller) -> list[dict[str, str]]:
    return sorted((one["account"] for one in acme.orders.values()), key=str)


def ended(bazaar: Bazaar, order: Order) -> Order:
    bazaar.run()
    bazaar.check_nothing_is_wrong()
    return bazaar.order(order)


def test_a_unit_waits_for_its_account_while_the_others_are_delivered(bazaar: Bazaar) -> None:
    acme = supplied(bazaar)
    bazaar.sku("card")
    bazaar.stock("card", 1)
    lines: list[dict[str, Any]] = [{"sku": "card", "quantity": 1}, {"sku": "phone-50", "quantity": 2}]
    order = bazaar.bought(lines=lines)
    until = bazaar.now + timedelta(hours=48)
    assert (order.state, order.due_at, bool(order.wait_token)) == ("fulfilling", until, True)
    assert [unit.state for unit in order.units] == ["delivered", "waiting", "waiting"]
    (waits, _) = reveal(bazaar.works, buyer(order), order.id, "none").deliveries[1].units
    assert (waits.account, waits.due_at) == ("", until)
    assert not acme.sent
    # A sweep, and the workflow's own daily look, find nothing to do.
    bazaar.later(hours=40)
    bazaar.sweep()
    bazaar.run()
    assert not overdue(bazaar.order(order), bazaar.now)
    bazaar.workflow.tokens.clear()
    order = say(bazaar, order, FIRST, OTHER, line=1)
    order = ended(bazaar, order)
    assert (order.state, sent(acme)) == ("fulfilled", [{"mobile": NUMBERS[0]}, {"mobile": NUMBERS[1]}])
    assert not Search(NUMBERS).found_in(repr(bazaar.cloud.contents()).encode())


def test_before_the_payment_it_is_taken_too_by_the_channels_server(bazaar: Bazaar) -> None:
    acme = supplied(bazaar)
    order = bazaar.place("phone-50")
    order = say(bazaar, order, FIRST, caller=SITE)
    assert (order.state, order.units[0].account_hint) == ("awaiting_payment", "138****8888")
    order = bazaar.pay(order)
    assert ended(bazaar, order).state == "fulfilled"
    assert sent(acme) == [{"mobile": NUMBERS[0]}]


def test_what_nobody_names_is_refunded_and_the_rest_stays(bazaar: Bazaar) -> None:
    acme = supplied(bazaar)
    order = bazaar.bought("phone-50", 3)
    order = say(bazaar, order, FIRST, {}, {})
    order = ended(bazaar, order)
    assert [unit.state for unit in order.units] == ["delivered", "waiting", "waiting"]
    bazaar.later(hours=48, seconds=1)
    with pytest.raises(AccountTooLate):
        say(bazaar, order, {}, OTHER, {})
    bazaar.sweep()
    order = ended(bazaar, order)
    assert (order.state, order.refunded) == ("partially_refunded", 2 * 4980)
    assert [(refund.reason, refund.units) for refund in order.refunds] == [(NO_ACCOUNT, ("0-1", "0-2"))]
    with pytest.raises(AccountTooLate):
        say(bazaar, order, {}, OTHER, {})
    assert say(bazaar, order, FIRST, {}, {}) == order
    assert len(acme.sent) == 1


def test_a_named_one_that_nobody_sells_goes_back_for_that(bazaar: Bazaar) -> None:
    acme = supplied(bazaar)
    order = bazaar.bought("phone-50", 2)
    acme.mood = lambda _: "refuse"
    order = ended(bazaar, say(bazaar, order, FIRST, {}))
    assert [(refund.reason, refund.units) for refund in order.refunds] == [(OUT_OF_STOCK, ("0-0",))]
    assert order.units[1].state == "waiting"


def test_the_same_again_answers_the_same_and_another_is_refused(bazaar: Bazaar) -> None:
    acme = supplied(bazaar)
    order = bazaar.bought("phone-50")
    first = say(bazaar, order, FIRST)
    before = bazaar.cloud.contents("OrdersTable")
    assert say(bazaar, order, {"phone": "+86 138-0013-8888"}) == first
    with pytest.raises(AccountGiven):
        say(bazaar, order, OTHER)
    assert bazaar.cloud.contents("OrdersTable") == before
    order = ended(bazaar, order)
    assert say(bazaar, order, FIRST) == order
    with pytest.raises(AccountGiven):
        say(bazaar, order, OTHER)
    assert sent(acme) == [{"mobile": NUMBERS[0]}]


def test_of_two_at_the_same_moment_one_is_taken(bazaar: Bazaar, monkeypatch: pytest.MonkeyPatch) -> None:
    acme = supplied(bazaar)
    order = bazaar.bought("phone-50")
    change = bazaar.shop.orders.change

    def after_another(seen: Order, decide: Callable[[Order], Order], **how: Any) -> Order:
        monkeypatch.undo()
        say(bazaar, order, OTHER)
        return change(seen, decide, **how)

    monkeypatch.setattr(type(bazaar.shop.orders), "change", lambda _, *given, **how: after_another(*given, **how))
    with pytest.raises(AccountGiven):
        say(bazaar, order, FIRST)
    assert ended(bazaar, order).state == "fulfilled"
    assert sent(acme) == [{"mobile": NUMBERS[1]}]


def test_a_call_that_dies_after_its_write_is_finished_by_the_sweep(
    bazaar: Bazaar, monkeypatch: pytest.MonkeyPatch
) -> None:
    supplied(bazaar)
    order = bazaar.bought("phone-50")
    woken: list[str] = []

    def dies(*_: Any) -> bool:
        raise SystemExit

    with monkeypatch.context() as dying:
        dying.setattr(type(bazaar.workflow), "wake", dies)
        with pytest.raises(SystemExit):
            say(bazaar, order, FIRST)
    monkeypatch.setattr(type(bazaar.workflow), "wake", lambda _, token: woken.append(token) or True)
    bazaar.sweep()
    assert not woken
    bazaar.later(minutes=2, seconds=1)
    bazaar.sweep()
    assert woken == [bazaar.order(order).wait_token]
    assert ended(bazaar, order).state == "fulfilled"


def test_of_an_order_that_is_held_it_is_taken_and_waits_on(bazaar: Bazaar) -> None:
    supplied(bazaar)
    order = bazaar.bought("phone-50")
    bazaar.shop.orders.change(order, lambda it: it.model_copy(update={"not_before": bazaar.now + timedelta(hours=1)}))
    bazaar.workflow.tokens.clear()
    order = say(bazaar, order, FIRST)
    bazaar.run()
    assert bazaar.order(order).units[0].state == "waiting"
    bazaar.later(hours=1, seconds=1)
    bazaar.sweep()
    assert ended(bazaar, order).state == "fulfilled"


@pytest.mark.parametrize(
    ("check", "answer", "outcome"),
    [
        ("if_possible", None, None),
        ("if_possible", False, AccountInvalid),
        ("must", None, AccountUnchecked),
        ("must", True, None),
    ],
)
def test_a_supplier_is_asked_before_it_is_taken(
    bazaar: Bazaar, check: str, answer: bool | None, outcome: type[Exception] | None
) -> None:
    supplied(bazaar, check=check)
    heard: list[str] = []

    def ask(sku: str, currency: str, account: Mapping[str, Secret]) -> bool | None:
        heard.append(account["phone"].reveal())
        return answer

    bazaar.shop = replace(bazaar.shop, account_check=ask)
    order = bazaar.bought("phone-50", 2)
    before = bazaar.cloud.contents("OrdersTable")
    if outcome is None:
        say(bazaar, order, FIRST)
        say(bazaar, order, FIRST)
    else:
        with pytest.raises(outcome) as refusal:
            say(bazaar, order, FIRST)
        assert bazaar.cloud.contents("OrdersTable") == before
        if outcome is AccountInvalid:
            assert refusal.value.extra["errors"] == [{"field": "accounts.0", "reason": "refused"}]  # type: ignore[attr-defined]
    assert heard == [NUMBERS[0]]


def test_no_supplier_is_asked_about_what_is_too_late(bazaar: Bazaar) -> None:
    supplied(bazaar, check="must")
    order = bazaar.bought("phone-50")
    bazaar.later(hours=48)

    def never(*_: Any) -> bool:
        raise AssertionError("nobody has to know")

    bazaar.shop = replace(bazaar.shop, account_check=never)
    with pytest.raises(AccountTooLate):
        say(bazaar, order, FIRST)


def test_what_lacks_its_account_keeps_nobody_from_waiting_for_what_is_bought(bazaar: Bazaar) -> None:
    """The workflow looks again in a moment while a supplier is at it, whatever else the order waits for."""
    acme = supplied(bazaar)
    acme.mood = lambda _: "slow"
    order = bazaar.pay(bazaar.place("phone-50", 2))
    say(bazaar, order, FIRST, {})
    assert buy(bazaar.buying, order.id, order.attempt)["outcome"] == "soon"
    bazaar.later(minutes=1)
    assert buy(bazaar.buying, order.id, order.attempt)["outcome"] == "wait"


def test_whose_order_it_is_not_is_told_of_none(bazaar: Bazaar) -> None:
    supplied(bazaar)
    bazaar.sku("card")
    bazaar.stock("card", 1)
    order = bazaar.place(lines=[{"sku": "card", "quantity": 1}, {"sku": "phone-50", "quantity": 1}])
    others = (Caller(role="order", order="O" + "1" * 20), Caller(role="storefront", channel="other"))
    for caller in others:
        with pytest.raises(NotFound):
            say(bazaar, order, FIRST, caller=caller, line=1)
    with pytest.raises(Forbidden):
        say(bazaar, order, FIRST, caller=Caller(role="publishable", channel="site"), line=1)
    for line in (0, 2):
        with pytest.raises(AccountInvalid) as refusal:
            say(bazaar, order, FIRST, line=line)
        assert refusal.value.extra["errors"] == [{"field": "line", "reason": "unknown"}]
    # Whoever was erased has no key to seal it under, and none is made for them.
    bazaar.cloud.table("MembersTable").update({"pk": f"MEMBER#{order.member}", "sk": "PROFILE"}, "REMOVE #key")
    with pytest.raises(NotFound):
        say(bazaar, order, FIRST, line=1)


def test_an_order_that_is_being_placed_is_not_there_yet(bazaar: Bazaar, monkeypatch: pytest.MonkeyPatch) -> None:
    supplied(bazaar)
    with monkeypatch.context() as dying:
        dying.setattr(type(bazaar.shop.orders), "save", lambda *_: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            bazaar.place("phone-50")
    (item,) = [one for one in bazaar.cloud.contents("OrdersTable")["OrdersTable"] if one["sk"] == "ORDER"]
    with pytest.raises(Busy):
        say(bazaar, bazaar.order(item["id"]), FIRST)


def test_an_order_of_another_shop_names_its_accounts(bazaar: Bazaar) -> None:
    """Whom it is for nobody here could ask."""
    supplied(bazaar)
    body = OrderBody.model_validate({"lines": [{"sku": "phone-50", "quantity": 1}], "member": "k1"})
    with pytest.raises(AccountInvalid):
        place_order(bazaar.shop, SITE, "k1", body, resold=True)


def test_over_http_the_order_says_what_it_lacks_and_takes_it(bazaar: Bazaar, call: Call, capfd: Any) -> None:
    supplied(bazaar, confirm_text={"zh-CN": "充值不可退"})
    bazaar.sku("game", kind="topup", price=100, face_value=100, topup={**LATER, "fields": GAME})
    bazaar.sells("acme", "game", cost=90)
    parts = [{"sku": sku, "quantity": 1} for sku in ("phone-50", "game")]
    bazaar.sku("pack", kind="bundle", price=5100, components=parts)
    _, quote, _ = call(orders.handler, "POST", "/v1/quotes", {"lines": [{"sku": "pack", "quantity": 2}]}, caller=SITE)
    assert quote["lines"][0]["account_hours"] == 48
    send = {"member": "u1", "lines": [{"sku": "pack", "quantity": 2}]}
    headers = {"Idempotency-Key": "T-1"}
    status, made, _ = call(orders.handler, "POST", "/v1/orders", send, caller=SITE, headers=headers)
    assert status == 201
    path, mine = f"/v1/orders/{made['id']}", Caller(role="order", order=made["id"])
    _, seen, _ = call(orders.handler, "GET", path, caller=mine)
    (lack,) = seen["missing_accounts"]
    assert {name: lack[name] for name in ("line", "sku", "numbers", "due_at", "confirm_texts")} == {
        "line": 0,
        "sku": "pack",
        "numbers": [0, 1],
        "due_at": None,
        "confirm_texts": [{"zh-CN": "充值不可退"}],
    }
    assert lack["parts"] == [{"sku": "phone-50", "title": "商品 phone-50"}, {"sku": "game", "title": "商品 game"}]
    assert lack["units"] == ["0-0-0-0", "0-0-1-0", "0-1-0-0", "0-1-1-0"]
    assert [field["name"] for field in lack["account_form"]] == ["phone-50.phone", "game.qq", "game.zone"]
    assert {topup["account"] for topup in seen["topups"]} == {""}
    account = {"phone-50.phone": "138", "game.qq": "99887766554", "game.zone": "z1"}
    wrong = {"line": 0, "accounts": [{}, account]}
    status, problem, _ = call(orders.handler, "POST", f"{path}/accounts", wrong, caller=mine)
    assert (status, problem["code"]) == (422, "account_invalid")
    assert problem["errors"] == [{"field": "accounts.1.phone-50.phone", "reason": "format"}]
    told: dict[str, Any] = {}
    right = {"line": 0, "accounts": [{}, account | {"phone-50.phone": NUMBERS[0]}]}
    for _ in range(2):
        status, told, _ = call(orders.handler, "POST", f"{path}/accounts", right, caller=mine)
        assert status == 200
        assert [lack["numbers"] for lack in told["missing_accounts"]] == [[0]]
        assert [topup["account"] for topup in told["topups"]] == ["", "", "138****8888", "QQ 99***54 · 电信1区"]
    other = {"line": 0, "accounts": [{}, account | {"phone-50.phone": NUMBERS[1]}]}
    status, problem, _ = call(orders.handler, "POST", f"{path}/accounts", other, caller=mine)
    assert (status, problem["code"], problem["units"]) == (409, "account_given", ["0-1-0-0"])
    status, cancelled, _ = call(orders.handler, "POST", f"{path}/cancel", caller=SITE)
    assert (status, cancelled["missing_accounts"]) == (200, [])
    rest = {"line": 0, "accounts": [account | {"phone-50.phone": NUMBERS[0]}, {}]}
    status, problem, _ = call(orders.handler, "POST", f"{path}/accounts", rest, caller=mine)
    assert (status, problem["code"], problem["state"]) == (409, "account_too_late", "cancelled")
    for bad in ({"line": 0, "accounts": []}, {"line": -1, "accounts": [account]}, {"accounts": [account]}):
        assert call(orders.handler, "POST", f"{path}/accounts", bad, caller=mine)[0] == 422
    written = repr(bazaar.cloud.contents()) + capfd.readouterr().out + json.dumps([problem, seen, told])
    assert not Search([*NUMBERS, "99887766554"]).found_in(written.encode())
