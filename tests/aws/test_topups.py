"""Ordering top-ups: accounts are asked for in one form, read before anything is written, sealed, and shown masked."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from checkout import orders, wiring
from checkout.accounts import AccountUnchecked
from checkout.checking import SupplierCheck
from checkout.messages import OrderBody, OrderView
from checkout.place import place_order
from checkout.sight import CACHE_SECONDS, OffersInSight
from quanyi.catalog.accounts import AccountInvalid
from quanyi.errors import Invalid, KeyReused, NotFound, SoldOut
from quanyi.orders.accounts import opened
from quanyi.orders.model import MAX_TOPUPS, Order
from quanyi.secret import Secret
from quanyi.supply import port
from quanyi.supply.model import Supplier
from quanyi.supply.registry import supplier_of
from tests.aws.conftest import Call, Cloud
from tests.aws.market import SITE, Market, without_decisions
from tests.aws.recharges import GAME, NUMBERS, line, offered, topup
from tests.search import Search
from tools.local.suppliers.server import SupplierServer


@pytest.fixture
def market(cloud: Cloud) -> Market:
    return Market(cloud)


def body(*lines: dict[str, Any], **more: Any) -> OrderBody:
    return OrderBody.model_validate({"lines": lines, "member": "u1", **more})


def place(market: Market, *lines: dict[str, Any], key: str = "T-1", **more: Any) -> Order:
    return place_order(market.shop, SITE, key, body(*lines, **more))


def accounts(market: Market, order: Order) -> dict[str, dict[str, str]]:
    key = market.shop.members.data_key(order.member)
    return {unit.id: dict(opened(order, unit, key).values) for unit in order.units if unit.account}


def faults(refusal: pytest.ExceptionInfo[AccountInvalid]) -> dict[str, str]:
    return {error["field"]: error["reason"] for error in refusal.value.extra["errors"]}


def test_an_account_is_kept_sealed_and_shown_masked(market: Market) -> None:
    topup(market)
    offered(market)
    order = market.order(place(market, line("phone-50", 1, {"phone": "+86 138-0013-8888"})))
    (unit,) = order.units
    assert (unit.kind, unit.sourcing, unit.hold_at, unit.face_value) == ("topup", "on_demand", "payment", 5000)
    assert unit.account_hint == "138****8888"
    assert accounts(market, order) == {"0-0": {"phone": "13800138888"}}
    assert not Search(["13800138888", "138-0013-8888"]).found_in(repr(market.cloud.contents()).encode())
    (shown,) = OrderView.of(order).topups
    assert (shown.account, shown.state, shown.face_value and shown.face_value.amount) == (
        "138****8888",
        "waiting",
        5000,
    )
    # Erasing the member destroys it.
    market.cloud.table("MembersTable").update({"pk": f"MEMBER#{order.member}", "sk": "PROFILE"}, "REMOVE #key")
    with pytest.raises(NotFound):
        market.shop.members.data_key(order.member)


def test_a_line_has_one_account_for_all_or_one_for_each(market: Market) -> None:
    topup(market)
    offered(market)
    same = place(market, line("phone-50", 2), key="same")
    assert accounts(market, same) == {"0-0": {"phone": NUMBERS[0]}, "0-1": {"phone": NUMBERS[0]}}
    each = place(market, line("phone-50", 3, *({"phone": number} for number in NUMBERS)), key="each")
    assert [one["phone"] for one in accounts(market, each).values()] == list(NUMBERS)
    assert [unit.account_hint for unit in each.units] == ["138****8888", "139****9999", "137****7777"]
    # The same SKU on two lines is one line: the accounts stay with their units.
    lines = (line("phone-50", 1, {"phone": NUMBERS[1]}), line("phone-50", 2, {"phone": NUMBERS[2]}))
    both = place(market, *lines, key="both")
    assert [one["phone"] for one in accounts(market, both).values()] == [NUMBERS[1], NUMBERS[2], NUMBERS[2]]


def test_every_wrong_field_is_named_and_nothing_is_written(market: Market) -> None:
    topup(market)
    topup(market, "game", *GAME)
    market.sku("card")
    market.stock("card", 3)
    for sku in ("phone-50", "game"):
        offered(market, sku)
    written = ("OrdersTable", "MembersTable", "CardsTable", "SupplyTable", "RiskTable")
    before = market.cloud.contents(*written)
    with pytest.raises(AccountInvalid) as refusal:
        place(
            market,
            line("phone-50", 2, {"phone": "12"}, {"phone": "+1 212 555 0100"}),
            line("game", 1, {"qq": "77", "zone": "z9", "server": "1"}),
            line("card", 1, {"phone": NUMBERS[0]}),
        )
    assert faults(refusal) == {
        "lines.0.accounts.0.phone": "format",
        "lines.0.accounts.1.phone": "country",
        "lines.1.accounts.0.qq": "format",
        "lines.1.accounts.0.zone": "option",
        "lines.1.accounts.0.server": "unknown",
        "lines.2.accounts": "unknown",
    }
    two = [{"phone": number} for number in NUMBERS[:2]]
    with pytest.raises(AccountInvalid) as refusal:
        place(market, line("phone-50", 3, *two), {"sku": "game", "quantity": 1})
    assert faults(refusal) == {
        "lines.0.accounts": "count",
        "lines.1.accounts.0.qq": "missing",
        "lines.1.accounts.0.zone": "missing",
    }
    with pytest.raises(Invalid, match="top-ups"):
        place(market, line("phone-50", MAX_TOPUPS + 1))
    assert market.cloud.contents(*written) == before


def test_accounts_of_one_order_have_an_end(market: Market) -> None:
    fields = [{"name": f"f{i}", "kind": "text", "titles": {"en": "x"}} for i in range(10)]
    topup(market, "long", *fields)
    offered(market, "long")
    account = {f"f{i}": "战" * 64 for i in range(10)}
    place(market, line("long", 20, account), key="fits")
    with pytest.raises(Invalid) as refusal:
        place(market, line("long", 60, account), key="large")
    assert refusal.value.extra["reason"] == "accounts_too_large"


def test_a_bundle_takes_all_its_accounts_from_one_form(market: Market) -> None:
    topup(market)
    topup(market, "q.coins", *GAME)
    market.sku("card")
    market.sku("service", kind="manual")
    market.stock("card", 2)
    parts = [{"sku": sku, "quantity": n} for sku, n in (("phone-50", 1), ("card", 1), ("q.coins", 2), ("service", 1))]
    market.sku("pack", kind="bundle", price=20_000, components=parts)
    for sku in ("phone-50", "q.coins"):
        offered(market, sku)
    given = {"phone-50.phone": NUMBERS[0], "q.coins.qq": "12345689", "q.coins.zone": "z1"}
    order = place(market, line("pack", 2, given, {**given, "phone-50.phone": NUMBERS[1]}))
    found = accounts(market, order)
    assert found["0-0-0-0"] == {"phone": NUMBERS[0]}
    assert found["0-1-0-0"] == {"phone": NUMBERS[1]}
    assert found["0-0-2-0"] == found["0-0-2-1"] == found["0-1-2-1"] == {"qq": "12345689", "zone": "z1"}
    assert len(found) == 6
    assert {unit.account_hint for unit in order.units if unit.sku == "q.coins"} == {"QQ 12***89 · 电信1区"}
    assert len(market.cards_in("reserved")) == 2
    with pytest.raises(AccountInvalid) as refusal:
        place(market, line("pack", 1, {"phone": NUMBERS[0], "q.coins.qq": "12345689"}), key="T-2")
    assert faults(refusal) == {
        "lines.0.accounts.0.phone": "unknown",
        "lines.0.accounts.0.phone-50.phone": "missing",
        "lines.0.accounts.0.q.coins.zone": "missing",
    }


def test_the_same_call_answers_the_first_order_and_another_account_is_another_call(market: Market) -> None:
    topup(market)
    offered(market)
    first = place(market, line())
    assert place(market, line()).id == first.id
    with pytest.raises(KeyReused):
        place(market, line("phone-50", 1, {"phone": NUMBERS[1]}))
    # Whatever the form asks for since.
    topup(market, "phone-50", *GAME)
    assert place(market, line()).id == first.id
    assert accounts(market, market.order(first)) == {"0-0": {"phone": NUMBERS[0]}}


def test_a_call_that_died_is_taken_over_with_its_accounts(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    topup(market)
    offered(market)
    with monkeypatch.context() as dying:
        dying.setattr(type(market.shop.orders), "save", lambda *_: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            place(market, line())
    market.later(minutes=1, seconds=1)
    order = place(market, line())
    assert order.state == "awaiting_payment"
    assert accounts(market, order) == {"0-0": {"phone": NUMBERS[0]}}


# What is bought for its buyer.


def test_what_cannot_be_bought_is_not_sold(market: Market) -> None:
    topup(market, least_margin=100)
    before = without_decisions(market.cloud.contents("OrdersTable", "CardsTable"))
    offers: tuple[dict[str, Any], ...] = (
        {},
        {"cost": 4931},
        {"enabled": False},
        {"open": False},
        {"on_sale": False},
        {"stock": 0},
        {"minimum": 2},
        {"currency": "USD"},
    )
    for offer in offers:
        if offer:
            offered(market, **offer)
        market.shop = replace(market.shop, offers_in_sight=OffersInSight(market.cloud.table("SupplyTable")))
        with pytest.raises(SoldOut) as refusal:
            place(market, line("phone-50", 2))
        assert [(s.sku, s.wanted, s.left) for s in refusal.value.shortages] == [("phone-50", 2, 0)]
    assert without_decisions(market.cloud.contents("OrdersTable", "CardsTable")) == before
    offered(market, cost=4930, most=1)
    market.shop = replace(market.shop, offers_in_sight=OffersInSight(market.cloud.table("SupplyTable")))
    assert place(market, line("phone-50", 2)).state == "awaiting_payment"


def test_offers_are_read_twice_a_minute(market: Market) -> None:
    clock = 0.0
    sight = OffersInSight(market.cloud.table("SupplyTable"), lambda: clock)
    assert not sight("a", 1, 100, 0, "CNY")
    offered(market, "a", cost=90)
    assert not sight("a", 1, 100, 0, "CNY")
    clock = CACHE_SECONDS
    assert sight("a", 1, 100, 0, "CNY")
    assert not sight("a", 1, 100, 1001, "CNY")
    assert not sight("b", 1, 100, 0, "CNY")


def test_on_demand_cards_hold_nothing_even_where_there_is_stock(market: Market) -> None:
    market.sku("card", sourcing="on_demand")
    market.stock("card", 3)
    with pytest.raises(SoldOut):
        market.place("card", 2)
    offered(market, "card", cost=1500)
    market.shop = replace(market.shop, offers_in_sight=OffersInSight(market.cloud.table("SupplyTable")))
    order = market.place("card", 2)
    assert {(unit.kind, unit.sourcing, unit.card) for unit in order.units} == {("card", "on_demand", None)}
    assert market.cards_in("reserved") == []


@pytest.mark.parametrize("hold", ["order", "payment"])
def test_what_stock_lacks_is_left_to_be_bought(market: Market, hold: str) -> None:
    market.sku("card", sourcing="stock_then_supplier", hold=hold)
    if hold == "order":
        market.stock("card", 1)
    with pytest.raises(SoldOut) as refusal:
        market.place("card", 3)
    assert refusal.value.shortages[0].left == (1 if hold == "order" else 0)
    assert market.cards_in("reserved") == []
    offered(market, "card", cost=1500)
    market.shop = replace(market.shop, offers_in_sight=OffersInSight(market.cloud.table("SupplyTable")))
    order = market.place("card", 3)
    assert [bool(unit.card) for unit in order.units] == [hold == "order", False, False]


def test_an_order_from_stock_asks_for_no_offers(market: Market) -> None:
    def never(*_: Any) -> bool:
        raise AssertionError("nobody has to know")

    market.sku()
    market.sku("both", sourcing="stock_then_supplier")
    market.stock("ik-month", 2)
    market.stock("both", 2)
    market.shop = replace(market.shop, offers_in_sight=never)  # type: ignore[arg-type]
    assert market.place(quantity=2).state == "awaiting_payment"
    assert market.place("both", quantity=2).state == "awaiting_payment"


# Asking suppliers about an account.


@pytest.mark.parametrize(
    ("check", "answer", "asked", "outcome"),
    [
        ("never", False, 0, None),
        ("if_possible", True, 2, None),
        ("if_possible", None, 2, None),
        ("if_possible", False, 2, AccountInvalid),
        ("must", True, 2, None),
        ("must", None, 2, AccountUnchecked),
        ("must", False, 2, AccountInvalid),
    ],
)
def test_a_supplier_is_asked_as_the_sku_wants_it(
    market: Market, check: str, answer: bool | None, asked: int, outcome: type[Exception] | None
) -> None:
    topup(market, topup={"check": check})
    offered(market)
    heard: list[tuple[str, str]] = []

    def ask(sku: str, currency: str, account: Mapping[str, Secret]) -> bool | None:
        assert currency == "CNY"
        heard.append((sku, account["phone"].reveal()))
        return answer

    market.shop = replace(market.shop, account_check=ask)
    lines = (line("phone-50", 5, {"phone": NUMBERS[0]}), line("phone-50", 1, {"phone": NUMBERS[1]}))
    before = market.cloud.contents("OrdersTable")
    if outcome is None:
        assert place(market, *lines).state == "awaiting_payment"
    else:
        with pytest.raises(outcome) as refusal:
            place(market, *lines)
        if outcome is AccountInvalid:
            assert faults(refusal) == {"lines.0.accounts.0": "refused", "lines.1.accounts.0": "refused"}  # type: ignore[arg-type]
        assert market.cloud.contents("OrdersTable") == before
    assert sorted(heard) == [("phone-50", number) for number in NUMBERS][:asked]


def test_a_sku_whose_accounts_must_be_checked_is_not_sold_unchecked(market: Market) -> None:
    topup(market, topup={"check": "must"})
    offered(market)
    with pytest.raises(AccountUnchecked):
        place(market, line())


ENDS_BADLY = "13800130000"
"""The local supplier's shop tops no account up that ends so."""


def checked(market: Market, server: SupplierServer, *secrets: dict[str, str]) -> None:
    """Asks the local supplier, whose secrets are `secrets`."""
    told = server.access
    versions = [{name: Secret(text) for name, text in one.items()} for one in secrets]

    def speaking(supplier: Supplier) -> port.Supplier:
        assert supplier.id == "acme"
        return supplier_of(supplier.model_copy(update={"account": told["account"]}), versions)

    offers = OffersInSight(market.cloud.table("SupplyTable"))
    market.shop = replace(market.shop, account_check=SupplierCheck(offers, speaking), offers_in_sight=offers)


def sold_by(market: Market, server: SupplierServer, check: str) -> None:
    server.put(code="bill-50", title="50", kind="topup", cost=4900, fields=["mobile"])
    topup(market, topup={"check": check})
    offered(market, code="bill-50", fields={"phone": "mobile"}, endpoint=server.url)
    # Cheaper, and cannot tell.
    offered(market, supplier="fulu", cost=4800, adapter="fulu")


@pytest.mark.parametrize("check", ["if_possible", "must"])
def test_a_supplier_that_can_tell_is_asked_by_its_own_names(market: Market, check: str) -> None:
    with SupplierServer(seed=1) as server:
        sold_by(market, server, check)
        checked(market, server, server.access["secrets"])
        assert place(market, line()).state == "awaiting_payment"
        before = market.cloud.contents("OrdersTable")
        accounts = [{"phone": NUMBERS[1]}, {"phone": ENDS_BADLY}]
        with pytest.raises(AccountInvalid) as refusal:
            place(market, line("phone-50", 2, *accounts), key="T-2")
        assert faults(refusal) == {"lines.0.accounts.1": "refused"}
        assert market.cloud.contents("OrdersTable") == before


@pytest.mark.parametrize("fault", ["error_before", "html_after", "forged", "truncated", "cut_before"])
def test_who_gives_no_clear_answer_cannot_tell(market: Market, fault: str) -> None:
    with SupplierServer(seed=1) as server:
        server.on(fault, 1.0, kinds=("check",))
        assert_unchecked(market, server, server.access["secrets"])


def test_who_is_not_set_up_cannot_tell(market: Market) -> None:
    with SupplierServer(seed=1) as server:
        assert_unchecked(market, server)


def assert_unchecked(market: Market, server: SupplierServer, *secrets: dict[str, str]) -> None:
    wanted = line("phone-50", 1, {"phone": ENDS_BADLY})
    sold_by(market, server, "if_possible")
    checked(market, server, *secrets)
    assert place(market, wanted).state == "awaiting_payment"
    sold_by(market, server, "must")
    with pytest.raises(AccountUnchecked):
        place(market, wanted, key="T-2")


def test_no_supplier_that_can_tell_is_none(market: Market) -> None:
    with SupplierServer(seed=1) as server:
        topup(market, topup={"check": "must"})
        offered(market, supplier="fulu", adapter="fulu")
        checked(market, server)
        with pytest.raises(AccountUnchecked):
            place(market, line())


def test_the_deployed_shop_reads_suppliers_secrets_only_to_ask(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    with SupplierServer(seed=1) as server:
        sold_by(market, server, "must")
        told = server.access
        offered(market, code="bill-50", fields={"phone": "mobile"}, endpoint=server.url, account=told["account"])
        vault = market.cloud.client("secretsmanager")
        wiring.shop.cache_clear()
        shop = wiring.shop()
        with pytest.raises(AccountUnchecked):
            place_order(shop, SITE, "T-1", body(line()))
        vault.create_secret(Name="quanyi-test/suppliers/acme", SecretString=json.dumps(told["secrets"]))
        with pytest.raises(AccountInvalid):
            place_order(shop, SITE, "T-2", body(line("phone-50", 1, {"phone": ENDS_BADLY})))


# Over HTTP.


def test_a_storefront_shows_the_form_and_hears_what_is_wrong(market: Market, call: Call, capfd: Any) -> None:
    topup(market, "phone-50", topup={"confirm_text": {"zh-CN": "充值不可退"}})
    topup(market, "game", *GAME, topup={"regions": {"zone": ["z1"]}})
    parts = [{"sku": sku, "quantity": 1} for sku in ("phone-50", "game")]
    market.sku("pack", kind="bundle", components=parts)
    for sku in ("phone-50", "game"):
        offered(market, sku, cost=1)
    wanted = {"lines": [{"sku": "pack", "quantity": 1}]}
    status, quote, _ = call(orders.handler, "POST", "/v1/quotes", wanted, caller=SITE)
    assert status == 200
    (asked,) = quote["lines"]
    assert [(f["name"], f["kind"], f["required"]) for f in asked["account_form"]] == [
        ("phone-50.phone", "phone", True),
        ("game.qq", "qq", True),
        ("game.zone", "choice", True),
    ]
    assert asked["account_form"][2]["options"] == [{"value": "z1", "titles": {"zh-CN": "电信1区"}}]
    assert asked["confirm_texts"] == [{"zh-CN": "充值不可退"}]
    account = {"phone-50.phone": "13800", "game.qq": "99887766554", "game.zone": "z2"}
    send: dict[str, Any] = {"member": "u1", "lines": [{**wanted["lines"][0], "accounts": [account]}]}
    headers = {"Idempotency-Key": "T-1"}
    status, problem, _ = call(orders.handler, "POST", "/v1/orders", send, caller=SITE, headers=headers)
    assert (status, problem["code"]) == (422, "account_invalid")
    assert problem["errors"] == [
        {"field": "lines.0.accounts.0.phone-50.phone", "reason": "format"},
        {"field": "lines.0.accounts.0.game.zone", "reason": "region"},
    ]
    account |= {"phone-50.phone": "13800138888", "game.zone": "z1"}
    status, made, _ = call(orders.handler, "POST", "/v1/orders", send, caller=SITE, headers=headers)
    assert status == 201
    status, seen, _ = call(orders.handler, "GET", f"/v1/orders/{made['id']}", caller=SITE)
    assert [(t["unit"], t["account"], t["state"]) for t in seen["topups"]] == [
        ("0-0-0-0", "138****8888", "waiting"),
        ("0-0-1-0", "QQ 99***54 · 电信1区", "waiting"),
    ]
    written = repr(market.cloud.contents()) + capfd.readouterr().out + json.dumps([problem, made, seen])
    assert not Search(["13800138888", "99887766554"]).found_in(written.encode())


@pytest.mark.parametrize(
    "accounts",
    [
        [{"phone": 13800138888}],
        [{"phone": "1" * 257}],
        [{"a b": "x"}],
        [{"x.y.z": {"phone": "1"}}],
        ["13800138888"],
        {"phone": "13800138888"},
        [{"phone": "1"}] * (MAX_TOPUPS + 1),
        [{f"f{i}": "1" for i in range(201)}],
    ],
)
def test_a_bad_account_is_refused_as_it_comes(market: Market, call: Call, accounts: Any) -> None:
    topup(market)
    offered(market)
    send = {"member": "u1", "lines": [{"sku": "phone-50", "quantity": 1, "accounts": accounts}]}
    status, problem, _ = call(
        orders.handler, "POST", "/v1/orders", send, caller=SITE, headers={"Idempotency-Key": "T-1"}
    )
    assert status == 422
    assert "13800138888" not in json.dumps(problem)


def test_being_bought_is_told_as_processing(market: Market) -> None:
    topup(market)
    offered(market)
    order = place(market, line())
    for state, purchase, told in (
        ("waiting", "P1", "processing"),
        ("waiting", "", "waiting"),
        ("delivered", "", "delivered"),
        ("refunding", "", "refunding"),
        ("refunded", "", "refunded"),
    ):
        unit = order.units[0].model_copy(update={"state": state, "purchase": purchase, "delivered_at": market.now})
        view = OrderView.of(order.model_copy(update={"units": (unit,)}))
        assert [one.state for one in view.topups] == [told]
