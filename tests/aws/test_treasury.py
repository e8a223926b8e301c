"""Setting payment providers up by the API: who may, what fits, what is kept where, and that no secret comes back."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from quanyi.callers import Caller
from quanyi.payments.registry import KINDS
from quanyi.provider_secrets import ProviderSecrets
from tests.aws import till
from tests.aws.conftest import Call, Cloud
from tests.aws.till import GOOD, NEXT, Till
from tools.local.providers import alipay, stripe, wechat
from treasury import admin

OPERATOR = Caller(role="operator", key_id="K9")
OTHER = Caller(role="operator", key_id="K8")
PATH = "/v1/admin/payment-providers"
TERMS = {"account": {"shop": "s-1"}, "methods": ["coins"], "currencies": ["CNY"]}

LOCAL: dict[str, Any] = {
    "alipay": (alipay.Alipay, alipay.access),
    "wechat": (wechat.WechatServer, wechat.access),
    "stripe": (stripe.StripeServer, stripe.access),
}
"""The local ones, and what a merchant of each enters."""

Desk = Callable[..., tuple[int, Any]]


@pytest.fixture(autouse=True)
def _kinds(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("PAYMENT_SECRETS", "test/payments/")
    monkeypatch.setattr("treasury.wiring.KINDS", {"till": till.KIND, "stripe": KINDS["stripe"]})
    till.forget()
    yield
    till.forget()


@pytest.fixture
def desk(call: Call) -> Desk:
    def ask(
        method: str, what: str = "", body: Any = None, *, by: Caller = OPERATOR, key: str | None = None
    ) -> tuple[int, Any]:
        headers = {"Idempotency-Key": key} if key else {}
        return call(admin.handler, method, f"{PATH}{what}", body, caller=by, headers=headers)[:2]

    return ask


def credentials(desk: Desk, value: str = GOOD, key: str = "c1", by: Caller = OPERATOR, **more: str) -> tuple[int, Any]:
    return desk("PUT", "/till/credentials", {"secrets": {"till_key": value, **more}}, key=key, by=by)


def set_up(desk: Desk, **terms: Any) -> Any:
    assert desk("PUT", "/till", {**TERMS, "version": 0})[0] == 200
    assert credentials(desk)[0] == 200
    status, body = desk("PUT", "/till", {**TERMS, "enabled": True, **terms, "version": 2})
    assert status == 200, body
    return body


def test_every_kind_is_listed_with_what_it_needs(desk: Desk) -> None:
    status, body = desk("GET")
    assert status == 200
    stripe, ours = body["providers"]
    assert (stripe["name"], ours["name"]) == ("stripe", "till")
    assert (ours["account_names"], ours["secret_names"]) == (["shop"], ["till_key"])
    assert (ours["more_account_names"], ours["more_secret_names"]) == (["door"], ["spare_key"])
    assert [method["name"] for method in ours["methods"]] == ["coins", "notes"]
    assert (ours["set_up"], ours["enabled"], ours["circuit"]) == (False, False, "closed")
    assert ours["settings"] is None
    assert ours["credentials"] is None
    assert ours["notify_url"].endswith("/test/v1/payments/till/notify")
    assert [m["least_seconds"] for m in stripe["methods"]] == [0, 1800]


def test_settings_credentials_test_and_then_it_is_enabled(
    desk: Desk, cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = [desk("PUT", "/till", {**TERMS, "version": 0})]
    answers.append(credentials(desk, by=OTHER, spare_key="till-secret-spare"))
    answers.append(desk("POST", "/till/test"))
    answers.append(desk("PUT", "/till", {**TERMS, "enabled": True, "version": 2}))
    answers.append(desk("GET"))
    assert [status for status, _ in answers] == [200] * 5
    assert answers[2][1] == {"name": "till", "works": True, "answer": "open"}
    shown = answers[4][1]["providers"][1]
    assert shown == answers[3][1]
    assert (shown["set_up"], shown["enabled"]) == (True, True)
    assert (shown["settings"]["version"], shown["settings"]["changed_by"]) == (3, "operator:K9")
    assert shown["credentials"]["live"] == [["spare_key", "till_key"]]
    assert shown["credentials"]["changed_by"] == "operator:K8"
    assert shown["credentials"]["changed_at"]
    told = json.dumps(answers) + repr(cloud.contents()) + capsys.readouterr().out
    assert "till-secret" not in told
    assert cloud.client("secretsmanager").list_secrets()["SecretList"][0]["Name"] == "test/payments/till"


def test_a_secret_is_made_under_the_deployments_own_key(
    desk: Desk, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRETS_KEY_ID", cloud.key_arn)
    set_up(desk)
    assert cloud.client("secretsmanager").describe_secret(SecretId="test/payments/till")["KmsKeyId"] == cloud.key_arn


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"methods": ["cheque"]}, "methods", "unknown_option"),
        ({"currencies": ["EUR"]}, "currencies", "unknown_option"),
        ({"account": {}}, "account.shop", "missing"),
        ({"account": {"shop": ""}}, "account.shop", "missing"),
        ({"account": {"shop": "s-1", "till_key": GOOD}}, "account", "unknown_option"),
        ({"account": {"shop": f"-----BEGIN PRIVATE KEY-----{GOOD}"}}, "account", "secret_misplaced"),
    ],
)
def test_settings_that_do_not_fit_change_nothing(
    desk: Desk, cloud: Cloud, change: dict[str, Any], field: str, code: str
) -> None:
    before = cloud.contents()
    status, body = desk("PUT", "/till", {**TERMS, **change, "version": 0})
    assert (status, body["code"]) == (422, "invalid_request")
    assert [(error["field"], error["code"]) for error in body["errors"]] == [(field, code)]
    assert GOOD not in json.dumps(body)
    assert cloud.contents() == before


@pytest.mark.parametrize("change", [{"endpoint": "http://psp.test"}, {"account": {"shop": "s", "door": "http://d"}}])
@pytest.mark.parametrize(("stage", "wanted"), [("production", 422), ("staging", 422), ("dev", 200), ("local", 200)])
def test_only_https_outside_development(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], stage: str, wanted: int
) -> None:
    monkeypatch.setenv("STAGE", stage)
    assert desk("PUT", "/till", {**TERMS, **change, "version": 0})[0] == wanted
    secure = json.loads(json.dumps(change).replace("http:", "https:"))
    assert desk("PUT", "/till", {**TERMS, **secure, "version": 1 if wanted == 200 else 0})[0] == 200


def test_settings_are_changed_as_they_were_read(desk: Desk) -> None:
    first = desk("PUT", "/till", {**TERMS, "version": 0})
    assert desk("PUT", "/till", {**TERMS, "version": 0}) == first, "the same again is answered alike"
    for other in ({**TERMS, "methods": ["notes"], "version": 0}, {**TERMS, "version": 7}):
        status, body = desk("PUT", "/till", other)
        assert (status, body["reason"], body["version"]) == (409, "stale_version", 1)
    assert desk("PUT", "/till", {**TERMS, "version": 0}, by=OTHER)[0] == 409
    second = desk("PUT", "/till", {**TERMS, "methods": [], "version": 1})
    assert (second[0], second[1]["settings"]["version"]) == (200, 2)


def test_only_what_has_credentials_that_fit_is_enabled(desk: Desk) -> None:
    status, body = desk("PUT", "/till", {**TERMS, "enabled": True, "version": 0})
    assert (status, body["reason"]) == (409, "credentials_missing")
    set_up(desk)
    status, body = desk("PUT", "/till", {**TERMS, "enabled": True, "account": {"shop": "wrong"}, "version": 3})
    assert (status, body["errors"]) == (422, [{"field": "till_key"}])
    assert desk("PUT", "/till", {**TERMS, "account": {"shop": "wrong"}, "version": 3})[0] == 200, "while not enabled"
    assert credentials(desk, NEXT, "c2")[0] == 422, "credentials are checked with the account as it is now"


def test_who_wants_to_report_deliveries_enters_what_that_takes(desk: Desk, cloud: Cloud) -> None:
    assert desk("PUT", "/till", {**TERMS, "reports_delivery": True, "version": 0})[0] == 200, "nothing is entered yet"
    status, body = credentials(desk)
    assert (status, [error["field"] for error in body["errors"]]) == (422, ["secrets.spare_key"])
    assert cloud.client("secretsmanager").list_secrets()["SecretList"] == []
    assert desk("PUT", "/till", {**TERMS, "version": 1})[0] == 200
    assert credentials(desk)[0] == 200
    for enabled in (False, True):
        told = desk("PUT", "/till", {**TERMS, "reports_delivery": True, "enabled": enabled, "version": 3})
        assert (told[0], [error["field"] for error in told[1]["errors"]]) == (422, ["secrets.spare_key"])
    assert credentials(desk, NEXT, "c2", spare_key="till-secret-spare")[0] == 200
    status, body = desk("PUT", "/till", {**TERMS, "reports_delivery": True, "enabled": True, "version": 4})
    assert (status, body["settings"]["reports_delivery"]) == (200, True)


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"till_key": "till-secret-bad"},
        {"spare_key": GOOD},
        {"till_key": GOOD, "tillsecretgood": "x"},
        {GOOD: "till_key"},
        {GOOD: 7},
        {"till_key": 7},
        {"till_key": GOOD * 300},
    ],
)
def test_credentials_that_do_not_fit_are_neither_kept_nor_repeated(
    desk: Desk, cloud: Cloud, capsys: pytest.CaptureFixture[str], sent: dict[str, Any]
) -> None:
    desk("PUT", "/till", {**TERMS, "version": 0})
    before = cloud.contents()
    status, body = desk("PUT", "/till/credentials", {"secrets": sent}, key="c1")
    assert status == 422
    told = json.dumps(body) + capsys.readouterr().out
    assert "till-secret" not in told
    assert "tillsecret" not in told
    assert cloud.contents() == before
    assert cloud.client("secretsmanager").list_secrets()["SecretList"] == []


def test_a_key_changes_the_credentials_once(desk: Desk, cloud: Cloud) -> None:
    set_up(desk)
    changed = credentials(desk, NEXT, "c2")
    assert changed[1]["credentials"]["live"] == [["till_key"], ["till_key"]]
    assert credentials(desk, NEXT, "c2") == changed
    assert credentials(desk, GOOD, "c1") == changed, "a repeated call, though there are newer ones"
    live = ProviderSecrets("test/payments/", lambda: cloud.client("secretsmanager")).read("till")
    assert [version["till_key"].reveal() for version in live] == [NEXT, GOOD]
    status, body = credentials(desk, "till-secret-good-3", "c2")
    assert (status, body["code"]) == (422, "idempotency_key_reused")
    assert credentials(desk, "till-secret-good-3", "c2", by=OTHER)[0] == 200, "another operator's key is another"


def test_a_call_that_broke_off_after_the_secret_was_written_is_put_right(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk("PUT", "/till", {**TERMS, "version": 0})
    with monkeypatch.context() as broken:
        broken.setattr("treasury.setup._stamped", lambda *_: 1 / 0)
        assert credentials(desk)[0] == 500
    status, body = credentials(desk)
    assert (status, body["credentials"]["changed_by"], body["settings"]["version"]) == (200, "operator:K9", 2)


def test_what_cannot_be_tested_and_what_does_not_answer(desk: Desk) -> None:
    assert desk("POST", "/till/test")[1]["reason"] == "not_set_up"
    assert credentials(desk)[1]["reason"] == "not_set_up"
    desk("PUT", "/till", {**TERMS, "version": 0})
    assert desk("POST", "/till/test")[1]["reason"] == "credentials_missing"
    credentials(desk)
    Till.silent = True
    assert desk("POST", "/till/test") == (200, {"name": "till", "works": False, "answer": "unknown"})


@pytest.mark.parametrize("name", sorted(KINDS))
def test_each_real_adapter_tells_good_credentials_from_bad_ones(
    desk: Desk, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("treasury.wiring.KINDS", KINDS)
    make, access = LOCAL[name]
    server, another = make().start(), make().start()
    try:
        entered, foreign = access(server), access(another)
        body = {"account": entered["account"], "endpoint": entered["endpoint"], "version": 0}
        assert desk("PUT", f"/{name}", body)[0] == 200
        answer = desk("PUT", f"/{name}/credentials", {"secrets": entered["secrets"]}, key="1")
        assert answer[0] == 200, answer
        assert desk("POST", f"/{name}/test")[1] == {"name": name, "works": True, "answer": "closed"}
        assert desk("PUT", f"/{name}", {**body, "enabled": True, "version": 2})[0] == 200
        assert desk("PUT", f"/{name}/credentials", {"secrets": foreign["secrets"]}, key="2")[0] == 200
        assert desk("POST", f"/{name}/test")[1] == {"name": name, "works": False, "answer": "unknown"}
    finally:
        server.stop()
        another.stop()


def test_operators_only(desk: Desk, cloud: Cloud) -> None:
    before = cloud.contents()
    for role in ("support", "storefront", "analyst"):
        by = Caller(role=role, key_id="K1")  # type: ignore[arg-type]
        assert desk("GET", by=by)[0] == 403
        assert desk("PUT", "/till", {**TERMS, "version": 0}, by=by)[0] == 403
        assert credentials(desk, by=by)[0] == 403
        assert desk("POST", "/till/test", by=by)[0] == 403
    assert desk("PUT", "/other", {**TERMS, "version": 0})[0] == 404
    assert desk("PUT", "/till/credentials", {"secrets": {"till_key": GOOD}})[0] == 422, "without an Idempotency-Key"
    assert cloud.contents() == before
