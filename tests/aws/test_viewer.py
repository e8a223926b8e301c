"""Behind CloudFront the shopper's own address counts; whoever forges CloudFront's headers is seen as they are."""

import json
import logging
import secrets
from datetime import UTC, datetime
from typing import Any

import pytest

from authorize.gateway import handler as authorize
from quanyi.api_keys.model import ApiKey, new_text
from quanyi.api_keys.table import ApiKeyTable
from quanyi.callers import KeyRole
from quanyi.http import CallerParam, View, entry, rest_api
from quanyi.secret import Secret
from quanyi.viewer import placed, seal_of
from tests.aws.conftest import Cloud, LambdaContext

NOW = datetime(2026, 11, 23, tzinfo=UTC)
CLOUDFRONT, SHOPPER = "130.176.0.9", "2001:db8::7"
RIGHT, BEFORE = "right" * 10, "before" * 8
NAME = "quanyi-test/edge/origin"
EDGE, VIEWER = "X-Quanyi-Edge", "X-Quanyi-Viewer"
GENUINE = {EDGE: RIGHT, VIEWER: SHOPPER}


class Seen(View):
    ip: str


def seen(cloud: Cloud, headers: dict[str, str], role: KeyRole = "operator", *ips: str) -> dict[str, Any]:
    """What a function says to a call that came through the authorizer, with a key that these networks may use."""
    app = rest_api()

    @app.get("/v1/seen")
    def show(caller: CallerParam) -> Seen:
        return Seen(ip=caller.ip)

    key = new_text(role, secrets.token_bytes)
    kept = ApiKey(id=f"K{role}", role=role, channel="", name="test", ips=ips, created_at=NOW)
    ApiKeyTable(cloud.table("CatalogTable")).add(kept, key)
    sent = {**headers, "Authorization": f"Bearer {key.reveal()}"}
    asked = {"type": "REQUEST", "methodArn": "arn:aws:execute-api:x:1:api/prod/GET/v1/seen", "headers": sent}
    allowed = authorize(asked, LambdaContext())
    event = {
        "httpMethod": "GET",
        "path": "/v1/seen",
        "resource": "/v1/seen",
        "headers": sent,
        "multiValueHeaders": {name: [text] for name, text in sent.items()},
        "requestContext": {"authorizer": allowed["context"], "identity": {"sourceIp": CLOUDFRONT}},
    }
    return entry(app)(event, LambdaContext())


@pytest.fixture
def edge(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shop with pages, whose secret was changed once."""
    monkeypatch.setenv("EDGE_SECRETS", NAME.removesuffix("origin"))
    client = cloud.client("secretsmanager")
    client.create_secret(Name=NAME, SecretString=json.dumps({"secret": BEFORE}))
    client.put_secret_value(SecretId=NAME, SecretString=json.dumps({"secret": RIGHT}))


@pytest.mark.usefixtures("edge")
@pytest.mark.parametrize("secret", [RIGHT, BEFORE])
def test_the_viewers_address_counts(cloud: Cloud, secret: str) -> None:
    answer = seen(cloud, {EDGE: secret, VIEWER: SHOPPER})
    assert json.loads(answer["body"]) == {"ip": SHOPPER}


FORGED: list[dict[str, str]] = [
    {VIEWER: SHOPPER},
    {VIEWER: SHOPPER, EDGE: ""},
    {VIEWER: SHOPPER, EDGE: RIGHT + "x"},
    {VIEWER: SHOPPER, EDGE: seal_of(Secret(RIGHT))},
    {VIEWER: "somebody", EDGE: RIGHT},
    {EDGE: RIGHT},
    {"X-Forwarded-For": SHOPPER, EDGE: RIGHT},
]


@pytest.mark.usefixtures("edge")
@pytest.mark.parametrize("headers", FORGED)
def test_a_forged_header_changes_nothing(cloud: Cloud, headers: dict[str, str]) -> None:
    assert json.loads(seen(cloud, headers)["body"]) == {"ip": CLOUDFRONT}


@pytest.mark.parametrize("headers", [*FORGED, GENUINE])
def test_where_no_cloudfront_stands_before_it_no_header_counts(cloud: Cloud, headers: dict[str, str]) -> None:
    assert json.loads(seen(cloud, headers)["body"]) == {"ip": CLOUDFRONT}


@pytest.mark.usefixtures("edge")
def test_an_allow_list_is_held_against_the_viewer(cloud: Cloud) -> None:
    assert seen(cloud, GENUINE, "operator", "2001:db8::/64")["statusCode"] == 200
    assert seen(cloud, {VIEWER: SHOPPER}, "support", "2001:db8::/64")["statusCode"] == 403
    assert seen(cloud, GENUINE, "analyst", f"{CLOUDFRONT}/32")["statusCode"] == 403


@pytest.mark.usefixtures("edge")
def test_the_secret_goes_no_further(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    logging.getLogger().setLevel(logging.DEBUG)
    answer = seen(cloud, GENUINE)
    assert RIGHT not in json.dumps(answer) + capsys.readouterr().out
    event = {"headers": {"x-QUANYI-edge": RIGHT, "a": "b"}, "multiValueHeaders": {"X-Quanyi-Edge": [RIGHT], "a": ["b"]}}
    for seals in ((), (seal_of(Secret(RIGHT)),)):
        assert placed(event, seals) == {"headers": {"a": "b"}, "multiValueHeaders": {"a": ["b"]}}


def test_a_call_without_these_headers_is_as_it_was() -> None:
    event = {"headers": {"a": "b"}, "multiValueHeaders": None}
    assert placed(event, ()) is event
