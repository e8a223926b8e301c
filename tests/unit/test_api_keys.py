"""API keys, addresses, and what a role may call."""

import pytest
from pydantic import TypeAdapter, ValidationError

from authorize.credentials import bearer
from authorize.gateway import policy
from authorize.routes import ROUTES, routes_of
from quanyi.api_keys.model import Networks, hash_of, new_text
from quanyi.callers import KEY_ROLES, Caller
from quanyi.channels.model import ChannelSettings, NewChannelId
from quanyi.errors import AddressNotAllowed


def test_a_key_is_160_random_bits_and_known_by_its_hash() -> None:
    drawn: list[int] = []

    def draw(size: int) -> bytes:
        drawn.append(size)
        return bytes(range(size))

    text = new_text("storefront", draw)
    assert drawn == [20]
    assert str(text) == "***"
    assert text.reveal().startswith("qy_storefront_")
    digest = hash_of(text.reveal())
    assert digest is not None
    assert len(digest) == 64


@pytest.mark.parametrize(
    "text",
    [
        "",
        "qy_",
        "qy_storefront_",
        "qy_root_" + "0" * 32,
        "qy_operator_" + "0" * 31,
        "qy_operator_" + "U" * 32,
        "x" * 999,
    ],
)
def test_what_cannot_be_a_key_needs_no_look_up(text: str) -> None:
    assert hash_of(text) is None
    assert hash_of("qy_operator_" + "0" * 32 + "\n") is None


@pytest.mark.parametrize(
    ("header", "credential"),
    [
        ("Bearer abc", "abc"),
        ("bearer  abc ", "abc"),
        ("Basic abc", None),
        ("abc", None),
        ("Bearer", None),
        ("Bearer ", None),
        ("Bearer " + "x" * 257, None),
        (None, None),
    ],
)
def test_credentials_come_as_bearer(header: str | None, credential: str | None) -> None:
    assert bearer(header) == credential


@pytest.mark.parametrize(
    ("ip", "welcome"),
    [
        ("203.0.113.7", True),
        ("203.0.114.7", False),
        ("::ffff:203.0.113.7", True),
        ("2001:db8::1", True),
        ("2001:db9::1", False),
        ("", False),
        ("nonsense", False),
    ],
)
def test_an_allow_list_names_networks(ip: str, welcome: bool) -> None:
    networks = TypeAdapter[tuple[str, ...]](Networks).validate_python(["203.0.113.9/24", "2001:db8::/32"])
    caller = Caller.from_context(Caller(role="operator", ips=networks).to_context(), ip)
    if welcome:
        caller.must_be_at_home()
    else:
        with pytest.raises(AddressNotAllowed):
            caller.must_be_at_home()
    Caller(role="operator", ip=ip).must_be_at_home()


@pytest.mark.parametrize("text", ["everywhere", "1.2.3.4/33", "10.0.0.0/8 10.1.0.0/16", ""])
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter[tuple[str, ...]](Networks).validate_python([text])


def test_a_caller_survives_the_gateway() -> None:
    caller = Caller(
        role="counter", key_id="K1", channel="h5", origins=("https://a.example",), ips=("10.0.0.0/8",),
        stores=("s1", "s2"), shared_too=False,
    )  # fmt: skip
    assert Caller.from_context(caller.to_context(), "") == caller


@pytest.mark.parametrize(
    ("origin", "exact"),
    [
        ("https://shop.example.com", True),
        ("http://localhost:8080", True),
        ("https://shop.example.com/", False),
        ("https://*.example.com", False),
        ("*", False),
        ("null", False),
        ("https://Shop.example.com", False),
        ("https://shop.example.com:0", False),
        ("https://a b.example", False),
        ("ftp://shop.example.com", False),
        ("https://shop.example.com\n", False),
    ],
)
def test_origins_are_exact(origin: str, exact: bool) -> None:
    settings = {"name": "H5", "kind": "site", "origins": [origin]}
    if exact:
        assert ChannelSettings.model_validate(settings).origins == (origin,)
    else:
        with pytest.raises(ValidationError):
            ChannelSettings.model_validate(settings)


@pytest.mark.parametrize("name", ["shared", "", "H5", "a#b", "-a", "a" * 33])
def test_channel_names_never_look_like_something_else(name: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter[str](NewChannelId).validate_python(name)


def test_every_role_has_its_routes_and_no_more() -> None:
    assert set(ROUTES) == set(KEY_ROLES)
    assert all(path.startswith("/v1/") for routes in ROUTES.values() for _, path in routes)
    assert routes_of(Caller(role="order", order="O1")) == (
        ("GET", "/v1/orders/O1"),
        ("GET", "/v1/orders/O1/*"),
        ("POST", "/v1/orders/O1/accounts"),
        ("POST", "/v1/orders/O1/claims"),
        ("POST", "/v1/orders/O1/invoice"),
    )
    admin = {role for role, routes in ROUTES.items() if ("*", "/v1/admin/*") in routes}
    assert admin == {"operator"}


def test_who_may_do_what_about_purchases() -> None:
    below = "/v1/admin/purchase-orders/*"
    told = {role for role, routes in ROUTES.items() if ("GET", below) in routes}
    asking = {role for role, routes in ROUTES.items() if ("POST", f"{below}/ask") in routes}
    assert (told, asking) == ({"support", "analyst"}, {"support"})
    assert ROUTES["supplier"] == (("POST", "/v1/suppliers/*/notify"),), "docs/decisions/0022"


@pytest.mark.parametrize("partition", ["aws", "aws-cn"])
def test_a_policy_stays_in_its_partition_api_and_stage(partition: str) -> None:
    arn = f"arn:{partition}:execute-api:cn-north-1:123456789012:abc/prod/POST/v1/orders/O1/payments"
    [statement] = policy((("GET", "/v1/orders/O1"), ("*", "/v1/admin/*")), arn)["Statement"]
    assert statement["Effect"] == "Allow"
    assert statement["Resource"] == [
        f"arn:{partition}:execute-api:cn-north-1:123456789012:abc/prod/GET/v1/orders/O1",
        f"arn:{partition}:execute-api:cn-north-1:123456789012:abc/prod/*/v1/admin/*",
    ]
