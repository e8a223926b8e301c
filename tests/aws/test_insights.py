"""Insights from the night to the console: found in reports and stock, answered, hidden; and every call that they
propose fits the API's document and, sent, does what it says."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from catalog import admin as catalog_admin
from quanyi.callers import Caller
from quanyi.cards.model import Pool
from quanyi.cards.pools import PoolsTable
from quanyi.facts.model import Fact
from quanyi.insights.model import Call as Proposed
from quanyi.insights.model import Finding, Insight, Rule
from quanyi.insights.telling import told
from quanyi.insights.texts import TITLES
from reports import reports, spend, wiring
from reports.insights import kept as insights
from reports.insights import routes as insight_routes
from reports.insights import shop as insight_shop
from reports.lake import stream as lake
from reports.night import run as daily
from reports.wiring import Archive
from tests.aws import till
from tests.aws.conftest import Call, Cloud, LambdaContext
from tests.aws.test_lake import START, record
from treasury import admin as treasury_admin
from vouchers import admin as vouchers_admin

ANALYST, SUPPORT = Caller(role="analyst", key_id="AN1"), Caller(role="support", key_id="SU1")
OPERATOR = Caller(role="operator", key_id="K1")
DAY = date(2026, 11, 24)
PATH = "/v1/reports/insights"
ROOT = Path(__file__).parents[2]
SKUS: dict[str, dict[str, Any]] = {
    "month": {"kind": "card", "price": 2000, "tiers": [{"from_quantity": 10, "price": 1800}], "tax_rate": 600},
    "year": {"kind": "card", "price": 18_000, "channels": {"app": {"price": 17_000}}, "tax_rate": 600},
    "coffee": {"kind": "voucher", "price": 1500, "voucher": {"rules": {"weekdays": [1, 2, 3]}}},
    "both": {
        "kind": "bundle",
        "price": 19_000,
        "components": [{"sku": "month", "quantity": 1}, {"sku": "year", "quantity": 1}],
    },
}

Ask = Callable[..., tuple[int, Any]]


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch, cloud: Cloud) -> Iterator[None]:
    monkeypatch.setenv("PAYMENT_SECRETS", "test/payments/")
    monkeypatch.setenv("IMPORT_QUEUE_URL", cloud.client("sqs").create_queue(QueueName="imports")["QueueUrl"])
    monkeypatch.setattr("treasury.wiring.KINDS", {"till": till.KIND, "other": till.KIND})
    till.forget()
    yield
    till.forget()


@pytest.fixture
def archive(monkeypatch: pytest.MonkeyPatch) -> Archive:
    clock = [START + timedelta(hours=1)]

    def now() -> datetime:
        clock[0] += timedelta(seconds=1)
        return clock[0]

    archive = replace(wiring.archive(), now=now)
    for module in (lake, daily, insight_routes):
        monkeypatch.setattr(module, "archive", lambda: archive)
    return archive


@pytest.fixture
def ask(call: Call) -> Ask:
    def sent(method: str, path: str, body: Any = None, *, key: str | None = None, caller: Caller = OPERATOR) -> Any:
        handlers = {
            "/v1/admin/channel-spend": spend.handler,
            "/v1/admin/voucher": vouchers_admin.handler,
            "/v1/admin/payment-providers": treasury_admin.handler,
            "/v1/admin/insights": reports.handler,
            "/v1/admin": catalog_admin.handler,
            "/v1/reports": reports.handler,
        }
        handler = next(handler for prefix, handler in handlers.items() if path.startswith(prefix))
        where, _, asked = path.partition("?")
        query = dict(pair.split("=") for pair in asked.split("&")) if asked else None
        headers = {"Idempotency-Key": key} if key else None
        return call(handler, method, where, body, caller=caller, headers=headers, query=query)[:2]

    return sent


@pytest.fixture
def shop(ask: Ask) -> None:
    """Goods on sale, two channels, two providers of which one is on."""
    for name, sku in SKUS.items():
        body = {"titles": {"zh-CN": f"{name}卡", "en": name}, "skus": [{"id": name, "titles": {"en": name}, **sku}]}
        status, product = ask("POST", "/v1/admin/products", body, key=name)
        assert status == 201, product
        assert ask("POST", f"/v1/admin/products/{product['id']}/publish")[0] == 200
    for name in ("site", "app"):
        assert ask("POST", "/v1/admin/channels", {"id": name, "name": name, "kind": "site"}, key=name)[0] == 201
    for name in ("till", "other"):
        assert ask("PUT", f"/v1/admin/payment-providers/{name}", {"account": {"shop": "s"}, "version": 0})[0] == 200
        secrets = {"secrets": {"till_key": till.GOOD}}
        assert ask("PUT", f"/v1/admin/payment-providers/{name}/credentials", secrets, key=name)[0] == 200
    body = {"account": {"shop": "s"}, "enabled": True, "version": 2}
    assert ask("PUT", "/v1/admin/payment-providers/till", body)[0] == 200


REPEATING = {"currency": "CNY", "buyers": 100, "repeat_buyers": 45, "repurchase_rate": 0.45, "p_value": 0.001} | {
    "repurchase_rate_at_least": 0.37
}
FOUND: Mapping[str, tuple[Rule, str, dict[str, Any]]] = {
    "switch": ("provider", "till", {"provider": "till", "tried": 400, "paid": 300, "weeks": 8, "spread": 1.2, "z": 6.1}
               | {"success_rate": 0.75, "success_rate_before": 0.9}),
    "no provider to switch to": ("provider", "sandbox", {"provider": "sandbox", "tried": 400, "paid": 300, "weeks": 8}
               | {"success_rate": 0.75, "success_rate_before": 0.9, "spread": 1.0, "z": 6.1}),
    "a day": ("abnormal_day", f"CNY#{DAY}", {"day": f"{DAY}", "weekday": 2, "currency": "CNY", "weeks": 12}
               | {"orders": 20, "orders_median": 100.0, "orders_z": -5.1, "gmv": 20, "gmv_median": 90, "gmv_z": -4.0}),
    "spend": ("channel_roi", "app#CNY", {"channel": "app", "currency": "CNY", "days": 30, "orders": 90, "gmv": 90_000}
               | {"margin": -5000, "margin_at_most": -1000, "spend": 60_000, "roi_bp": -10_833, "p_value": 0.0001}),
    "spend of no channel of ours": ("channel_roi", "taobao#CNY", {"channel": "taobao", "currency": "CNY", "days": 30}
               | {"orders": 90, "gmv": 9, "margin": 5, "margin_at_most": 7, "spend": 60, "roi_bp": -9, "p_value": 0.1}),
    "clearance": ("expiring", "year", {"sku": "year", "until": "2026-12-04", "days": 10, "units": 50, "delivered": 14}
               | {"speed_days": 28, "daily": 0.5, "sold_at_most": 12, "left_over": 38}),
    "coupons": ("win_back", "CNY", {"currency": "CNY", "buyers": 25, "monetary": 99_000, "recency": 180, "tested": 90}
               | {"segment": "important_keep"}),
    "uses": ("repurchase", "P1#CNY", {"product": "P1", "sku": "coffee", **REPEATING}),
    "pack": ("repurchase", "P2#CNY", {"product": "P2", "sku": "month", **REPEATING}),
    "tier": ("repurchase", "P3#CNY", {"product": "P3", "sku": "both", **REPEATING}),
    "bundle": ("bundle", "coffee#month", {"a": "coffee", "b": "month", "together": 40, "with_a": 90, "with_b": 80}
               | {"total": 900, "support": 0.044, "a_to_b": 0.44, "b_to_a": 0.5, "lift": 5.0, "p_value": 1e-9}),
}  # fmt: skip


def finding(name: str) -> Finding:
    rule, about, evidence = FOUND[name]
    return Finding(rule=rule, about=about, severity="info", evidence=evidence)


def insight(name: str) -> Insight:
    (one,) = told([finding(name)], insight_shop.shop().known([finding(name)], DAY))
    return one


@cache
def document() -> dict[str, Any]:
    return json.loads((ROOT / "docs/openapi.json").read_text())


def must_fit(call: Proposed) -> None:
    """Its route is the API's, and its body what that takes."""
    path = call.path.partition("?")[0]
    templates = [one for one in document()["paths"] if _is(path, one)]
    operation = next(document()["paths"][one][call.method.lower()] for one in templates)
    takes_key = any(one["name"] == "Idempotency-Key" for one in operation.get("parameters", []))
    assert takes_key == (call.idempotency_key is not None)
    if call.body is not None:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        jsonschema.validate(call.body, {**schema, "components": document()["components"]})


def _is(path: str, template: str) -> bool:
    parts, wanted = path.split("/"), template.split("/")
    return len(parts) == len(wanted) and all(w.startswith("{") or p == w for p, w in zip(parts, wanted, strict=True))


def send(ask: Ask, calls: tuple[Proposed, ...]) -> list[Any]:
    """As an operator's client would: in order, filling paths from earlier answers."""
    answers: list[Any] = []
    for call in calls:
        path = call.path.format(**{name: answers[it.call][it.field] for name, it in call.path_from.items()})
        status, answer = ask(call.method, path, call.body, key=call.idempotency_key)
        assert 200 <= status < 300, (path, answer)
        answers.append(answer)
    return answers


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("name", FOUND)
def test_every_proposed_call_fits_the_document_and_is_taken(name: str, ask: Ask) -> None:
    one = insight(name)
    for call in one.action.calls:
        must_fit(call)
    first = send(ask, one.action.calls)
    assert [answer.get("id") for answer in send(ask, one.action.calls)] == [answer.get("id") for answer in first], (
        "twice"
    )
    for texts in (one.title, one.text, one.action.text):
        assert texts.keys() == TITLES.keys()
        assert "{" not in "".join(texts.values())
    assert Insight.model_validate_json(one.model_dump_json()) == one


@pytest.mark.usefixtures("shop")
def test_they_do_what_they_say(ask: Ask) -> None:
    send(ask, insight("bundle").action.calls)
    (product,) = [
        one for one in ask("GET", "/v1/admin/products")[1]["items"] if "组合" in one["titles"].get("zh-CN", "")
    ]
    _, whole = ask("GET", f"/v1/admin/products/{product['id']}")
    assert whole["state"] == "draft"
    assert (whole["skus"][0]["price"], len(whole["skus"][0]["components"])) == (3325, 2)

    send(ask, insight("clearance").action.calls)
    _, year = ask("GET", "/v1/admin/skus/year")
    assert (year["price"], year["channels"]["app"]["price"], year["tax_rate"]) == (14_400, 13_600, 600)

    send(ask, insight("spend").action.calls)
    assert ask("GET", "/v1/admin/channels/app")[1]["enabled"] is False

    send(ask, insight("switch").action.calls)
    shown = {one["name"]: one for one in ask("GET", "/v1/admin/payment-providers")[1]["providers"]}
    assert [shown[name]["enabled"] for name in ("other", "till")] == [True, False]

    made = send(ask, insight("coupons").action.calls)
    _, series = ask("GET", f"/v1/admin/voucher-series/{made[1]['id']}")
    assert series["terms"]["value"]["percent"] == 1000
    (run,) = series["runs"]
    assert (run["first"], run["last"], run["handed_out"]) == (1, 25, True)

    (uses,) = send(ask, insight("uses").action.calls)
    assert uses["skus"][0]["voucher"]["value"] == {"kind": "times", "times": 10}
    assert uses["skus"][0]["voucher"]["rules"]["weekdays"] == [1, 2, 3], "used like the ones of one use"
    assert uses["skus"][0]["price"] == 13_500


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("name", ["bundle", "pack", "uses", "coupons", "tier"])
def test_who_has_acted_is_not_told_again(name: str, ask: Ask) -> None:
    send(ask, insight(name).action.calls)
    assert told([finding(name)], insight_shop.shop().known([finding(name)], DAY)) == []


@pytest.mark.usefixtures("shop")
def test_what_somebody_changed_meanwhile_is_not_undone(ask: Ask) -> None:
    one = insight("clearance")
    _, year = ask("GET", "/v1/admin/skus/year")
    terms = {name: value for name, value in year.items() if name in ("kind", "titles", "currency", "version")}
    assert ask("PUT", "/v1/admin/skus/year", {**terms, "price": 20_000})[0] == 200
    (call,) = one.action.calls
    assert ask(call.method, call.path, call.body)[0] == 409
    assert ask("GET", "/v1/admin/skus/year")[1]["price"] == 20_000


@pytest.mark.usefixtures("shop")
def test_of_a_rule_ten_are_told_and_those_acted_on_are_none_of_them(ask: Ask) -> None:
    rule, _, evidence = FOUND["pack"]
    many = [Finding(rule=rule, about=f"P{n}#CNY", severity="info", evidence=evidence) for n in range(14)]
    known = insight_shop.shop().known(many, DAY)
    first = told(many, known)
    assert [one.about for one in first] == [f"P{n}#CNY" for n in range(10)]
    send(ask, first[0].action.calls)
    again = told(many, insight_shop.shop().known(many, DAY))
    assert [one.about for one in again] == [f"P{n}#CNY" for n in range(1, 11)]


def test_goods_that_are_gone_have_nothing_done_about_them() -> None:
    for name in ("bundle", "pack", "clearance"):
        assert told([finding(name)], insight_shop.shop().known([finding(name)], DAY)) == []


# ------------------------------------------------------------------------------------------------ from night to console


def order(number: int, *skus: str) -> list[Fact]:
    common: dict[str, Any] = {"quantity": 1, "amount": 2000, "channel": "site", "currency": "CNY", "product": "P"}
    return [
        Fact(f"O{number}#sold#{n}", "sold", START, f"O{number}", line=n, sku=sku, **common)
        for n, sku in enumerate(skus)
    ]


@pytest.fixture
def night(archive: Archive, shop: None, cloud: Cloud) -> Archive:
    """A day on which coffee and month were bought together; and thirty years that expire before anybody buys them."""
    baskets = [("coffee", "month")] * 40 + [("coffee",)] * 60 + [("month",)] * 60 + [("year",)] * 400
    lake.handler(
        {"Records": [record(fact) for n, skus in enumerate(baskets) for fact in order(n, *skus)]}, LambdaContext()
    )
    products = cloud.table("CatalogTable")
    for item in cloud.contents("CatalogTable")["CatalogTable"]:
        if item["sk"] == "PRODUCT":
            products.put({**item, "created_at": "2026-08-01T00:00:00.000Z"})
    pool = Pool("year", "shared", "2026-12-10")
    PoolsTable(cloud.table("SupplyTable")).open(pool)
    for number in range(30):
        cloud.table("CardsTable").put({"card_id": f"c{number:02}", "available": pool.name(0), "v": 1})
    daily.handler({}, LambdaContext())
    return archive


@pytest.mark.usefixtures("night")
def test_the_night_finds_and_the_console_shows_the_most_urgent_first(ask: Ask) -> None:
    status, body = ask("GET", PATH, caller=ANALYST)
    assert status == 200, body
    assert body["day"] == f"{DAY}"
    assert [(one["rule"], one["severity"]) for one in body["items"]] == [("expiring", "warning"), ("bundle", "info")]
    bundle = body["items"][1]
    assert (bundle["evidence"]["together"], bundle["evidence"]["lift"]) == (40, 2.24)
    assert bundle["title"] == {"zh-CN": "“coffee”与“month”常被一起购买", "en": "coffee and month are bought together"}
    for one in body["items"]:
        for see in one["see"]:
            if see.startswith("/v1/reports"):
                assert ask("GET", see, caller=ANALYST)[0] == 200
    assert ask("GET", f"{PATH}?day={DAY}")[1]["version"] == body["version"]


def test_the_same_night_again_says_the_same(night: Archive, ask: Ask, cloud: Cloud) -> None:
    before = cloud.contents("FactsTable")
    for event in ({}, {"day": f"{DAY}"}):
        daily.handler(event, LambdaContext())
    assert cloud.contents("FactsTable") == before
    assert [one.rule for one in insights.kept(night, f"{DAY}")] == ["expiring", "bundle"]
    assert insights.kept(night, "2026-11-20") == []


RULES_PATH = "/v1/admin/insights/rules"


def test_the_next_night_goes_by_what_the_merchant_chose_and_says_so(night: Archive, ask: Ask) -> None:
    bundle = ask("GET", PATH)[1]["items"][1]
    assert bundle["thresholds"] == {"together": 20, "lift": 2.0}
    for terms, left in (({"together": 41}, ["expiring"]), ({"lift": 2.2}, ["expiring", "bundle"])):
        version = ask("GET", RULES_PATH)[1]["version"]
        assert ask("PUT", RULES_PATH, {"version": version, "rules": {"bundle": terms}})[0] == 200
        daily.handler({}, LambdaContext())
        assert [one["rule"] for one in ask("GET", PATH)[1]["items"]] == left
    assert ask("GET", PATH)[1]["items"][1]["thresholds"] == {"together": 20, "lift": 2.2}


@pytest.mark.usefixtures("archive")
def test_what_is_chosen_is_kept_with_who_chose_it_and_what_was_before(ask: Ask, cloud: Cloud) -> None:
    status, first = ask("GET", RULES_PATH, caller=ANALYST)
    assert (status, first["version"], first["by"], first["earlier"]) == (200, 0, None, [])
    assert first["rules"] == first["defaults"]
    body = {"version": 0, "rules": {"abnormal_day": {"z": 5}, "provider": {"tried": 200}}}
    status, told = ask("PUT", RULES_PATH, body)
    assert (status, told["version"], told["by"]) == (200, 1, OPERATOR.name)
    assert told["rules"]["abnormal_day"] == {**first["defaults"]["abnormal_day"], "z": 5.0}
    before = cloud.contents("FactsTable")
    assert ask("PUT", RULES_PATH, body) == (200, told), "the same again"
    status, problem = ask("PUT", RULES_PATH, {"version": 0, "rules": {}})
    assert (status, problem["reason"], problem["version"]) == (409, "stale_version", 1)
    assert cloud.contents("FactsTable") == before
    assert ask("PUT", RULES_PATH, {"version": 1, "rules": {}})[1]["rules"] == first["defaults"]
    assert [one["version"] for one in ask("GET", RULES_PATH)[1]["earlier"]] == [1]


@pytest.mark.usefixtures("archive")
@pytest.mark.parametrize(
    "rules",
    [
        {"provider": {"tried": 0}},
        {"provider": {"fall_bp": 10_001}},
        {"provider": {"weeks": "4"}},
        {"abnormal_day": {"z": 1}},
        {"abnormal_day": {"weekdays": 13}},
        {"bundle": {"lift": 0.5}},
        {"bundle": {"false": 1}},
        {"repurchase": {"rate_bp": 0}},
        {"unheard_of": {}},
        None,
    ],
)
def test_what_would_tell_chance_is_refused(rules: Any, ask: Ask, cloud: Cloud) -> None:
    before = cloud.contents("FactsTable")
    assert ask("PUT", RULES_PATH, {"version": 0, "rules": rules})[0] == 422
    assert ask("PUT", RULES_PATH, {"version": 0, "rules": {}}, caller=ANALYST)[0] == 403
    assert cloud.contents("FactsTable") == before


def test_of_an_earlier_day_nothing_is_said_about_todays_stock(night: Archive) -> None:
    daily.handler({"day": "2026-11-20"}, LambdaContext())
    assert insights.kept(night, "2026-11-20") == []
    assert night.results.newest("insights", "2026-11-20") is not None


def test_an_insight_is_hidden_until_its_day_and_shown_again(night: Archive, ask: Ask) -> None:
    first, second = ask("GET", PATH)[1]["items"]
    path = f"/v1/admin/insights/{first['id']}/dismiss"
    for _ in range(2):
        assert ask("POST", path, {"until": "2026-12-01", "reason": "known"}) == (
            200,
            {"id": first["id"], "until": "2026-12-01"},
        )
    assert [one["id"] for one in ask("GET", PATH)[1]["items"]] == [second["id"]]
    assert [one.id for one in insights.kept(night, f"{DAY}")] == [second["id"]], "nor in the mail"
    everything = ask("GET", f"{PATH}?dismissed=true")[1]["items"]
    assert [one["dismissed_until"] for one in everything] == ["2026-12-01", None]
    later = replace(night, now=lambda: START + timedelta(days=8))
    assert len(insights.kept(later, f"{DAY}")) == 2
    assert ask("POST", path, {"until": None})[0] == 200
    assert len(ask("GET", PATH)[1]["items"]) == 2


@pytest.mark.usefixtures("night")
def test_what_is_not_theirs_or_makes_no_sense_is_refused(ask: Ask) -> None:
    known = ask("GET", PATH)[1]["items"][0]["id"]
    refused = [
        (ask("GET", f"{PATH}?day=2026-13-01"), 422, "bad_day"),
        (ask("GET", f"{PATH}?day=2026-11-25"), 422, "day_not_over"),
        (ask("GET", f"{PATH}?day=2020-01-01"), 404, None),
        (ask("POST", f"/v1/admin/insights/{known}/dismiss", {"until": "2026-11-01"}), 422, "until"),
        (ask("POST", f"/v1/admin/insights/{known}/dismiss", {"until": "2029-11-01"}), 422, "until"),
        (ask("POST", f"/v1/admin/insights/{known}/dismiss", {}), 422, None),
        (ask("POST", f"/v1/admin/insights/N{'0' * 20}/dismiss", {"until": "2026-12-01"}), 404, None),
        (ask("POST", f"/v1/admin/insights/{known}/dismiss", {"until": "2026-12-01"}, caller=ANALYST), 403, None),
        (ask("GET", PATH, caller=SUPPORT), 403, None),
    ]
    assert [(status, body.get("reason")) for (status, body), *_ in refused] == [(s, r) for _, s, r in refused]
    assert len(ask("GET", PATH)[1]["items"]) == 2


@pytest.mark.usefixtures("shop")
def test_an_analyst_sees_the_call_and_not_a_providers_settings(archive: Archive, ask: Ask) -> None:
    insights.keep(archive, f"{DAY}", [insight("switch"), insight("clearance")], 1)
    for caller, hidden in ((OPERATOR, False), (ANALYST, True)):
        switch, clearance = ask("GET", PATH, caller=caller)[1]["items"]
        assert [call["body"] is None for call in switch["action"]["calls"]] == [hidden, hidden]
        assert clearance["action"]["calls"][0]["body"]["price"] == 14_400


def test_the_examples_are_answered(archive: Archive, call: Call) -> None:
    for name, status in (("insights", 404), ("dismiss-insight", 404)):
        event = json.loads((ROOT / f"events/reports/{name}.json").read_text())
        assert reports.handler(event, LambdaContext())["statusCode"] in (status, 422)
