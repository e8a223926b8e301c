"""Stock kept by policies: told, proposed or bought, once, and as far as the policy allows."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from quanyi.callers import Caller
from quanyi.errors import Busy, Conflict, Forbidden, Invalid
from quanyi.restock.demand import EVERYWHERE, asked_in
from reorder import nightly, policies
from reorder.counting import count_day
from reorder.placing import approve, cancel
from reorder.policy_messages import CountBody
from reorder.steering import count_again, preview, read_policy, remove_policy
from reorder.watch import watch
from stream import trail as audit_trail
from tests.aws.bazaar import states
from tests.aws.conftest import Call, Cloud
from tests.aws.memory import MemoryCloud
from tests.aws.storehouse import OPERATOR, Storehouse
from tests.aws.test_alerts import Heard

CNY = "CNY"


@pytest.fixture
def house(cloud: Cloud) -> Storehouse:
    made = Storehouse(cloud)
    made.sku()
    made.seller("acme")
    made.sells("acme")
    return made


def money(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": CNY}


def test_what_is_low_is_bought_once_and_told_until_it_is_there(house: Storehouse) -> None:
    house.policy(mode="auto")
    house.level("ik-month", 4)
    done = house.watch()
    assert (done.policies, done.low, done.purchases) == (1, 1, 1)
    (po,) = house.purchases()
    assert (po.state, po.quantity, po.approved_by, po.need) == ("approved", 26, "policy", "ik-month#shared")
    assert [step["code"] for step in po.explanation["steps"]][-1] == "quantity"
    (low,) = house.open_alerts()["stock_low"]
    assert (low.subject, low.facts["left"], low.facts["proposed"]) == ("ik-month#shared", 4, 26)
    house.run_stock()
    house.level("ik-month", 30)
    assert house.watch().purchases == 0
    assert not house.open_alerts()
    assert len(house.purchases()) == 1


def test_levels_that_lag_behind_a_purchase_buy_nothing(house: Storehouse) -> None:
    house.policy(mode="auto")
    house.level("ik-month", 4)
    house.watch()
    house.run_stock()
    assert states(house.purchases()) == ["received"]
    assert house.watch(seconds=30).purchases == 0, "its cards are not counted yet"
    assert house.watch().purchases == 1, "it was sold out again"


def test_fifty_low_and_the_schedule_twice_at_once_are_fifty_purchases() -> None:
    house = Storehouse(MemoryCloud())  # type: ignore[arg-type]
    house.seller("acme")
    for number in range(50):
        house.sku(f"sku-{number}")
        house.sells("acme", f"sku-{number}")
        house.policy(f"sku-{number}", mode="auto")
        house.level(f"sku-{number}", 3)
    house.later(minutes=10)
    with ThreadPoolExecutor(2) as both:
        found = [run.result() for run in [both.submit(watch, house.work) for _ in range(2)]]
    assert [one.faults for one in found] == [0, 0]
    made = house.purchases()
    assert (len(made), {po.state for po in made}, {po.quantity for po in made}) == (50, {"approved"}, {27})
    assert len({po.need for po in made}) == 50
    assert len(house.purchasing.begun) == 50, "each has one execution"
    house.watch()
    assert len(house.purchases()) == 50
    house.run_stock()
    assert house.sellers["acme"].sent.total() == 50


def test_who_read_the_need_before_the_other_bought_makes_no_second_purchase(house: Storehouse) -> None:
    """The other's is over by then: its id is the same, so that it is found."""
    from reorder.restocking import place_purchase, wanted
    from reorder.watch import read, stock_of

    policy = house.policy(mode="auto")
    house.level("ik-month", 4)
    (seen,) = read(house.work, [policy])
    assert policy.plan
    it = wanted(house.work, policy, policy.plan, stock_of(seen, policy.plan), seen.need)
    house.watch()
    house.run_stock()
    assert place_purchase(house.work, policy, seen.need, it).state == "received"
    assert len(house.purchases()) == 1


def test_a_proposal_waits_for_a_person(house: Storehouse) -> None:
    house.policy(mode="propose")
    house.level("ik-month", 0)
    for _ in range(3):
        house.watch()
    (po,) = house.purchases()
    assert (po.state, po.quantity) == ("draft", 30)
    assert {*house.open_alerts()} == {"stock_out", "purchase_waits_approval"}
    approve(house.buying, OPERATOR, po.id)
    house.run_stock()
    house.level("ik-month", 30)
    house.watch()
    assert not house.open_alerts()
    assert states(house.purchases()) == ["received"]


def test_what_a_person_cancelled_is_not_proposed_again_the_same_day(house: Storehouse) -> None:
    house.policy(mode="propose")
    house.level("ik-month", 4)
    house.watch()
    (po,) = house.purchases()
    cancel(house.buying, OPERATOR, po.id, "not now")
    assert "purchase_waits_approval" not in house.open_alerts()
    house.watch(hours=20)
    assert len(house.purchases()) == 1
    house.watch(hours=5)
    assert sorted(states(house.purchases())) == ["cancelled", "draft"]


@pytest.mark.parametrize(
    ("terms", "cost", "doubt"),
    [
        ({"approval_above": money(30_000)}, 1500, "above_approval"),
        ({"price_guard": {"most_cost": money(1400)}}, 1500, "cost_too_high"),
    ],
)
def test_beyond_its_limits_a_person_decides(house: Storehouse, terms: dict[str, Any], cost: int, doubt: str) -> None:
    house.policy(mode="auto", **terms)
    house.level("ik-month", 4)
    house.watch()
    (po,) = house.purchases()
    assert (po.state, po.reason, po.explanation["doubts"]) == ("draft", doubt, [doubt])
    assert house.open_alerts()["purchase_waits_approval"][0].facts["reason"] == doubt
    house.run_stock()
    assert house.sellers["acme"].sent.total() == 0


def test_a_risen_cost_waits_for_a_person(house: Storehouse) -> None:
    house.policy(mode="auto", price_guard={"most_rise": 500})
    house.level("ik-month", 4)
    house.watch()
    house.run_stock()
    house.dearer("acme", 1600)
    house.watch()
    assert sorted((po.state, po.reason) for po in house.purchases()) == [("draft", "cost_rose"), ("received", "")]


def test_the_months_budget_is_kept_and_given_back(house: Storehouse) -> None:
    house.policy(mode="auto", monthly_budget=money(60_000))
    house.level("ik-month", 4)
    house.watch()
    house.run_stock()
    house.watch()
    house.run_stock()
    assert [po.quantity for po in house.purchases()] == [26, 14], "40 of 1500 are all of it"
    house.watch()
    assert len(house.purchases()) == 2
    assert house.open_alerts()["stock_low"]
    house.now += timedelta(days=31)
    house.watch()
    assert len(house.purchases()) == 3, "another month"


def test_a_failed_purchase_is_told_and_bought_elsewhere(house: Storehouse) -> None:
    house.sellers["acme"].mood = lambda _: "refuse"
    house.seller("other")
    house.sells("other", cost=1600)
    house.policy(mode="auto")
    house.level("ik-month", 4)
    house.watch()
    house.run_stock()
    assert house.open_alerts()["purchase_failed"][0].subject == "ik-month#shared"
    house.watch()
    assert len(house.purchases()) == 1, "it rests a while"
    house.watch(minutes=30)
    house.run_stock()
    assert {(po.supplier, po.state) for po in house.purchases()} == {("acme", "failed"), ("other", "received")}
    assert "purchase_failed" not in house.open_alerts()


def test_short_and_surplus_are_told(house: Storehouse) -> None:
    house.sellers["acme"].mood = lambda _: "short"
    house.policy(mode="auto")
    house.level("ik-month", 4)
    house.watch()
    house.run_stock()
    (alert,) = house.open_alerts()["purchase_differs"]
    assert alert.facts["missing"] == 1


def test_packs_minimum_and_daily_limit(house: Storehouse) -> None:
    house.sku("packed")
    house.sells("acme", "packed", pack=10, daily_limit=35)
    house.policy("packed", mode="auto")
    house.level("packed", 4)
    house.watch()
    house.run_stock()
    house.watch()
    assert [po.quantity for po in house.purchases()] == [30], "5 are left today: not a pack"
    house.watch(days=1)
    assert [po.quantity for po in house.purchases()] == [30, 30]


def test_the_rest_of_what_the_best_offer_has_not_is_bought_of_the_next(house: Storehouse) -> None:
    house.sku("few")
    house.sells("acme", "few", cost=1000, daily_limit=4)
    house.seller("other")
    house.sells("other", "few", cost=1600)
    house.policy("few", mode="auto")
    house.level("few", 4)
    assert house.watch().purchases == 1
    assert house.watch().purchases == 0, "a need has one open purchase"
    house.run_stock()
    house.level("few", 8)
    house.watch()
    house.run_stock()
    assert [(po.supplier, po.quantity) for po in house.purchases()] == [("acme", 4), ("other", 22)]


def test_a_part_that_takes_long_does_not_keep_low_stock_waiting(house: Storehouse) -> None:
    house.sku("few")
    house.sells("acme", "few", cost=1000, stock=4, lead_minutes=120)
    house.seller("other")
    house.sells("other", "few", cost=1600)
    house.policy("few", mode="auto")
    house.level("few", 4)
    house.watch()
    assert [(po.supplier, po.quantity) for po in house.purchases()] == [("other", 26)]


def test_no_offer_is_told_and_nothing_bought(house: Storehouse) -> None:
    house.sku("unoffered")
    house.policy("unoffered", mode="auto")
    house.level("unoffered", 4)
    assert house.watch().purchases == 0
    assert house.open_alerts()["stock_low"]


def test_what_waits_counts(house: Storehouse) -> None:
    house.sku("waits", hold="payment", on_shortage="backlog")
    house.bought("waits", 3)  # before anybody offered it
    house.sells("acme", "waits")
    house.policy("waits", mode="auto")
    house.watch()
    (po,) = house.purchases()
    assert po.quantity == 33
    assert house.open_alerts()["stock_out"][0].facts["waiting"] == 3
    house.run_stock()
    assert len(house.cards_in("reserved")) == 3
    assert len(house.cards_in("available")) == 30


def test_a_channel_of_its_own_is_bought_for_it_alone(house: Storehouse) -> None:
    house.policy(channel="taobao", mode="auto")
    house.level("ik-month", 2, "taobao")
    house.level("ik-month", 500)
    house.watch()
    (po,) = house.purchases()
    assert (po.channel, po.quantity, po.need) == ("taobao", 28, "ik-month#taobao")


def test_overstock_and_expiry_are_told_and_over(house: Storehouse) -> None:
    house.asked_for("ik-month", 200, 2)
    house.stock("ik-month", 5, sell_by=house.now + timedelta(days=3))
    house.stock("ik-month", 4)
    house.policy(levels={"kind": "dynamic"}, overstock_days=30, expiring_days=7)
    house.level("ik-month", 400)
    house.watch()
    found = house.open_alerts()
    assert found["overstock"][0].facts["most_days"] == 300
    assert found["stock_expiring"][0].facts["expiring"] == 5
    house.level("ik-month", 40)
    house.watch(days=4)
    nightly.run(house.work, 60)
    house.watch()
    assert not house.open_alerts()


def test_dynamic_levels_follow_what_was_asked_for(house: Storehouse) -> None:
    house.asked_for("ik-month", 300, 20)
    policy = house.policy(levels={"kind": "dynamic", "cover_days": 7}, lead_time_days=2, mode="auto")
    assert policy.plan
    assert 50 < policy.plan.levels.low < 110
    assert 120 < policy.plan.levels.order_up_to - policy.plan.levels.low < 160
    house.level("ik-month", 40)
    shown = preview(house.work, OPERATOR, "ik-month", "shared", None)
    assert (shown.act, shown.supplier, shown.quantity) == ("buy", "acme", policy.plan.levels.order_up_to - 40)
    assert not house.purchases(), "a preview buys nothing"
    house.watch()
    assert house.purchases()[0].quantity == shown.quantity


def test_the_shared_stock_is_there_for_channels_without_their_own(house: Storehouse) -> None:
    house.asked_for("ik-month", 100, 10)
    before = house.policy(levels={"kind": "dynamic"})
    house.policy(channel="site", levels={"kind": "dynamic"})
    nightly.run(house.work, 60)
    after = read_policy(house.work, OPERATOR, "ik-month", "shared")
    own = read_policy(house.work, OPERATOR, "ik-month", "site")
    assert before.plan
    assert after.plan
    assert own.plan
    assert own.plan.levels.low == before.plan.levels.low > after.plan.levels.low == 0


def test_a_night_counts_and_plans_once_and_goes_on_where_it_stopped(house: Storehouse) -> None:
    house.stock("ik-month", 10)
    for number in range(3):
        house.sku(f"sku-{number}")
        house.policy(f"sku-{number}", levels={"kind": "dynamic"})
    house.bought("ik-month", 3)
    house.later(days=1)
    first = nightly.run(house.work, 0)
    assert (first["stage"], first["days"]) == ("demand", 0)
    done = nightly.run(house.work, 60)
    assert (done["stage"], done["days"], done["policies"]) == ("done", 3, 3)
    day = date.fromisoformat(house.buying.today()) - timedelta(days=1)
    asked = [("ik-month", "site"), ("ik-month", EVERYWHERE)]
    assert house.work.demand.between(asked, day, day) == {key: [3] for key in asked}
    before = house.cloud.contents("SupplyTable", "StatsTable")
    again = nightly.run(house.work, 60)
    assert (again["days"], again["policies"]) == (0, 0)
    assert count_day(house.work, day) == 0, "counted again it is the same"
    assert house.cloud.contents("SupplyTable", "StatsTable") == before


def test_only_what_was_paid_was_asked_for(house: Storehouse) -> None:
    house.stock("ik-month", 10)
    unpaid, paid = house.place("ik-month", 2), house.bought("ik-month", 1)
    assert asked_in([unpaid, house.order(paid)]) == {("ik-month", "site"): 1, ("ik-month", EVERYWHERE): 1}
    today = date.fromisoformat(house.buying.today())
    house.later(days=2)
    counted = count_again(house.work, OPERATOR, CountBody(first=today))
    assert (counted.days, counted.next) == (2, None)
    assert house.work.demand.between([("ik-month", "site")], today, today) == {("ik-month", "site"): [1]}
    with pytest.raises(Invalid):
        count_again(house.work, OPERATOR, CountBody(first=today + timedelta(days=40)))


def test_a_policy_is_written_under_its_version(house: Storehouse) -> None:
    made = house.policy()
    assert made.version == 1
    assert house.policy().version == 1, "the same again"
    with pytest.raises(Conflict):
        house.policy(mode="auto")
    changed = house.policy(version=1, mode="auto")
    assert (changed.version, changed.plan and changed.plan.version) == (2, 2)
    with pytest.raises(Conflict):
        remove_policy(house.work, OPERATOR, "ik-month", "shared", 1)
    for _ in range(2):
        remove_policy(house.work, OPERATOR, "ik-month", "shared", 2)
    assert house.work.policies.find("ik-month", "shared") is None
    with pytest.raises(Invalid):
        house.policy(monthly_budget={"amount": 1, "currency": "USD"})
    with pytest.raises(Forbidden):
        read_policy(house.work, Caller(role="storefront"), "ik-month", "shared")


def test_policies_are_listed_all_by_pages_and_those_of_a_sku_at_once(
    house: Storehouse, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policies, "restocking", lambda: house.work)
    house.sku("nf-card")
    for sku, channel in (("ik-month", "shared"), ("nf-card", "shared"), ("ik-month", "taobao")):
        house.policy(sku, channel)

    def listed(**query: str) -> tuple[list[tuple[str, str]], str | None]:
        _, page, _ = call(policies.handler, "GET", "/v1/admin/stock-policies", caller=OPERATOR, query=query)
        return [(item["sku"], item["channel"]) for item in page["items"]], page["next"]

    first, cursor = listed(limit="2")
    rest, _ = listed(limit="2", cursor=cursor or "")
    assert len(first) == 2
    assert {*first, *rest} == {("ik-month", "shared"), ("nf-card", "shared"), ("ik-month", "taobao")}
    assert listed(sku="ik-month", limit="1") == ([("ik-month", "shared"), ("ik-month", "taobao")], None)
    assert listed(sku="unheard") == ([], None)


def test_alerts_of_a_policy_that_is_gone_are_over(house: Storehouse) -> None:
    house.policy()
    house.level("ik-month", 4)
    house.watch()
    assert house.open_alerts()["stock_low"]
    remove_policy(house.work, OPERATOR, "ik-month", "shared", 1)
    house.watch()
    assert not house.open_alerts()


def test_a_run_that_ends_early_goes_on(house: Storehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reorder.watch.TOGETHER", 2)
    for number in range(3):
        house.sku(f"sku-{number}")
        house.policy(f"sku-{number}")
    assert [watch(house.work, seconds).policies for seconds in (0, 60, 60)] == [2, 1, 3]


class Died(Exception):
    pass


@pytest.mark.parametrize("dies_at", ["start", "raise_"])
def test_a_run_that_died_after_the_purchase_was_made_is_completed(house: Storehouse, dies_at: str) -> None:
    house.policy(mode="auto" if dies_at == "start" else "propose")
    house.level("ik-month", 4)
    house.later(minutes=10)
    work = house.work

    class Broken:
        def __getattr__(self, name: str) -> Any:
            if name == dies_at:
                raise Died
            return getattr(house.purchasing if dies_at == "start" else house.buying.alerts, name)

    broken = replace(work.buying, **{"purchasing" if dies_at == "start" else "alerts": Broken()})
    watch(replace(work, buying=broken))
    house.watch()
    house.sweep_purchases()
    house.watch()
    (po,) = house.purchases() or [None]
    assert po
    if dies_at == "start":
        house.run_stock()
        assert states(house.purchases()) == ["received"]
    else:
        assert house.open_alerts()["purchase_waits_approval"][0].subject == po.id


def test_demand_that_somebody_else_writes_is_not_lost(house: Storehouse) -> None:
    today = date(2026, 11, 23)
    with ThreadPoolExecutor(4) as several:
        days = [today - timedelta(days=back) for back in range(8)]
        list(several.map(lambda day: _set_until_done(house, day), days))
    found = house.work.demand.between([("a", "site")], days[-1], today)
    assert found == {("a", "site"): [day.day for day in reversed(days)]}


def _set_until_done(house: Storehouse, day: date) -> None:
    for _ in range(20):
        try:
            house.work.demand.set(day, {("a", "site"): day.day})
        except Busy:
            continue
        return


def test_purchases_and_policies_are_told_and_leave_a_trail(house: Storehouse, call: Call) -> None:
    heard = Heard(house.cloud)
    house.policy(mode="auto")
    house.policy(mode="auto", version=1, most_ordered=5)
    house.level("ik-month", 4)
    house.watch()
    house.run_stock()
    (po,) = house.purchases()
    for _ in range(2):
        names = [name for name, _ in heard.stream() if name.startswith("Purchase")]
        assert names == ["PurchaseOrderMade", "PurchaseOrderSent", "PurchaseOrderReceived"]
    _, trail, _ = call(
        audit_trail.handler, "GET", "/v1/admin/audit", caller=OPERATOR, query={"policy": "ik-month#shared"}
    )
    assert [(entry["by"], entry["facts"][0]["what"]) for entry in trail["entries"]] == [
        ("operator:K1", "Made"),
        ("operator:K1", "TermsChanged"),
    ]
    assert "most_ordered" in trail["entries"][1]["facts"][0]["terms"]
    for _ in range(2):
        remove_policy(house.work, Caller(role="operator", key_id="K2"), "ik-month", "shared", 2)
        heard.stream()
    _, trail, _ = call(
        audit_trail.handler, "GET", "/v1/admin/audit", caller=OPERATOR, query={"policy": "ik-month#shared"}
    )
    assert [(entry["by"], entry["facts"]) for entry in trail["entries"]][2:] == [
        ("operator:K2", [{"what": "Removed", "version": 2}])
    ]
    _, trail, _ = call(audit_trail.handler, "GET", "/v1/admin/audit", caller=OPERATOR, query={"purchase": po.id})
    states_after = [entry["after"] for entry in trail["entries"]]
    assert (states_after[0], states_after[-1]) == ("approved", "received")
