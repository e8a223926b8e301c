"""The authorizer: each credential opens exactly its routes, and a bad one nothing."""

import json
import secrets
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from authorize.gateway import handler
from quanyi.api_keys.table import ApiKeyTable, issue
from quanyi.callers import KEY_ROLES, Caller, KeyRole
from quanyi.channels.model import Channel
from quanyi.channels.table import ChannelTable
from quanyi.errors import Conflict
from quanyi.orders import token
from tests.aws.conftest import Cloud, LambdaContext

NOW = datetime(2026, 11, 23, tzinfo=UTC)
ROOT = "arn:aws-cn:execute-api:cn-north-1:123456789012:api/prod"

ALLOWED: dict[str, set[KeyRole | str]] = {
    "GET /v1/categories": {"storefront", "publishable"},
    "GET /v1/products": {"storefront", "publishable"},
    "GET /v1/products/P1": {"storefront", "publishable"},
    "POST /v1/products": set(),
    "POST /v1/quotes": {"storefront", "publishable"},
    "POST /v1/orders": {"storefront", "publishable"},
    "POST /v1/orders/O1/payments": {"storefront", "publishable"},
    "POST /v1/orders/O1/cancel": {"storefront", "publishable"},
    "POST /v1/orders/lookup": {"storefront", "publishable"},
    "GET /v1/orders/O1": {"storefront", "order"},
    "GET /v1/orders/O1/deliveries": {"storefront", "order"},
    "GET /v1/orders/O12": {"storefront"},
    "GET /v1/orders/O2/deliveries": {"storefront"},
    "POST /v1/orders/O1/refunds": {"operator", "support"},
    "POST /v1/orders/O1/manual-delivery": {"operator", "support"},
    "GET /v1/reviews": {"operator", "support"},
    "GET /v1/admin/orders": {"operator", "support"},
    "POST /v1/admin/orders/search": {"operator", "support"},
    "POST /v1/admin/orders/O1/notes": {"operator", "support"},
    "POST /v1/admin/orders/O1/paid": {"operator"},
    "POST /v1/admin/products": {"operator"},
    "GET /v1/admin/keys": {"operator"},
    "POST /v1/admin/imports": {"operator"},
    "GET /v1/admin/suppliers": {"operator"},
    "POST /v1/admin/purchase-orders/1/receive": {"operator"},
    "POST /v1/suppliers/S1/notify": {"operator", "supplier"},
    "GET /v1/reports/trading": {"operator", "analyst"},
    "POST /v1/reports/trading": set(),
    "GET /v1/orders/O1/vouchers/0-0/qr": {"storefront", "order"},
    "GET /v1/admin/vouchers": {"operator", "support"},
    "GET /v1/admin/vouchers/C1": {"operator", "support"},
    "POST /v1/admin/vouchers/find": {"operator", "support"},
    "POST /v1/admin/vouchers/C1/cancel": {"operator"},
    "GET /v1/admin/voucher-series": {"operator", "support"},
    "GET /v1/admin/voucher-series/V1/export": {"operator"},
    "GET /v1/admin/voucher-series/V1/vouchers/C1/qr": {"operator"},
    "POST /v1/admin/voucher-series/V1/generate": {"operator"},
    "POST /v1/redemptions": {"counter", "storefront"},
    "POST /v1/redemptions/check": {"counter", "storefront"},
    "POST /v1/redemptions/R1/reverse": {"counter", "storefront", "operator"},
    "GET /v1/redemptions": {"counter", "storefront", "operator"},
    "GET /v1/stores": {"counter", "storefront"},
    "GET /v1/issuers": {"counter", "storefront"},
    "POST /v1/issuers/acme/redemptions": {"counter", "storefront"},
    "PUT /v1/admin/issuers/acme/credentials": {"operator"},
    "PUT /v1/admin/stores/S1": {"operator"},
    "GET /": set(),
    "GET /v1/unknown": set(),
}


def ask(credential: str | None, header: str = "Authorization") -> dict[str, Any]:
    headers = {header: f"Bearer {credential}"} if credential is not None else {}
    return handler({"type": "REQUEST", "methodArn": f"{ROOT}/GET/v1/products", "headers": headers}, LambdaContext())


def refused(credential: str | None) -> bool:
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        ask(credential)
    return True


def opened(answer: dict[str, Any]) -> set[str]:
    [statement] = answer["policyDocument"]["Statement"]
    assert (statement["Effect"], statement["Action"]) == ("Allow", "execute-api:Invoke")

    def allows(route: str) -> bool:
        method, _, path = route.partition(" ")
        return any(fnmatchcase(f"{ROOT}/{method}{path}", resource) for resource in statement["Resource"])

    return {route for route in ALLOWED if allows(route)}


@pytest.fixture
def channel(cloud: Cloud) -> Channel:
    made = Channel(id="h5", name="H5", kind="site", origins=("https://a.example",), shared_too=False, created_at=NOW)
    return ChannelTable(cloud.table("CatalogTable")).create(made, "c1")


def key_for(cloud: Cloud, role: KeyRole) -> tuple[str, str]:
    of_channel = "h5" if role in ("storefront", "publishable") else None
    key_id, text = issue(cloud.table("CatalogTable"), role, of_channel, secrets.token_bytes, NOW)
    return key_id, text.reveal()


@pytest.mark.parametrize("role", KEY_ROLES)
def test_a_key_opens_exactly_its_roles_routes(role: KeyRole, cloud: Cloud, channel: Channel) -> None:
    key_id, text = key_for(cloud, role)
    answer = ask(text)
    assert opened(answer) == {route for route, roles in ALLOWED.items() if role in roles}
    assert answer == ask(text, "authorization")
    assert text not in json.dumps(answer)
    caller = Caller.from_context(answer["context"], "192.0.2.1")
    assert (caller.role, caller.key_id) == (role, key_id)
    assert caller.channel == ("h5" if role in ("storefront", "publishable") else "")
    assert caller.origins == (("https://a.example",) if role == "publishable" else ())
    assert caller.shared_too is (role not in ("storefront", "publishable"))
    assert all(isinstance(value, str) for value in answer["context"].values())


def test_an_order_token_opens_its_own_order(cloud: Cloud) -> None:
    answer = ask(token.issue(cloud.keyring, "O1").reveal())
    assert opened(answer) == {route for route, roles in ALLOWED.items() if "order" in roles}
    assert Caller.from_context(answer["context"], "").order == "O1"


def test_a_forged_order_token_opens_nothing(cloud: Cloud) -> None:
    genuine = token.issue(cloud.keyring, "O1").reveal()
    mac = genuine[-32:]
    other = "A" if genuine[-1] != "A" else "B"
    for forged in (genuine[:-1] + other, genuine[:-1], genuine + "A", f"qo_O2_{mac}", f"qo_O1/*_{mac}", f"qo_*_{mac}"):
        assert token.order_of(cloud.keyring, forged) is None
        assert refused(forged)


@pytest.mark.parametrize(
    "credential", [None, "", "x", "qy_", "qo_", "qo__", "qy_operator_" + "0" * 32, "qy_operator_" + "0" * 300, "键"]
)
def test_a_bad_credential_is_401_and_writes_nothing(credential: str | None, cloud: Cloud) -> None:
    before = cloud.contents()
    assert refused(credential)
    assert cloud.contents() == before


def test_a_revoked_key_opens_nothing(cloud: Cloud) -> None:
    key_id, text = key_for(cloud, "operator")
    assert ask(text)
    ApiKeyTable(cloud.table("CatalogTable")).revoke("", key_id, NOW)
    assert refused(text)


def test_a_disabled_or_missing_channels_keys_open_nothing(cloud: Cloud, channel: Channel) -> None:
    _, text = key_for(cloud, "storefront")
    table = ChannelTable(cloud.table("CatalogTable"))
    table.change("h5", channel.settings.model_copy(update={"enabled": False}), 1)
    assert refused(text)
    table.change("h5", channel.settings, 2)
    assert ask(text)
    cloud.table("CatalogTable").delete({"pk": "CHANNELS", "sk": "h5"})
    assert refused(text)


def test_a_third_key_is_refused_to_tools_too(cloud: Cloud) -> None:
    for _ in range(2):
        key_for(cloud, "operator")
    before = cloud.contents()
    with pytest.raises(Conflict):
        key_for(cloud, "operator")
    assert cloud.contents() == before


def test_no_credential_is_logged(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    _, text = key_for(cloud, "operator")
    order = token.issue(cloud.keyring, "O1").reveal()
    for credential in (text, order):
        ask(credential)
    assert refused(text[:-1] + ("0" if text[-1] != "0" else "1"))
    logged = capsys.readouterr().out
    assert logged.count('"message":"authorize"') == 3
    assert text[12:-1] not in logged
    assert order[-32:] not in logged


def test_sample_events_are_understood(cloud: Cloud) -> None:
    for sample in sorted((Path(__file__).parents[2] / "events" / "authorize").glob("*.json")):
        with pytest.raises(Exception, match=r"^Unauthorized$"):
            handler(json.loads(sample.read_text()), LambdaContext())
