"""What is known of payment providers without loading them agrees with the providers, and who is offered what."""

import hmac
import os
import re
import subprocess
import sys
from datetime import timedelta
from importlib import import_module
from json import dumps
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from pydantic import ValidationError

from quanyi.payments.access import Access
from quanyi.payments.port import Captured, Client, Forged, Method, Provider, Try
from quanyi.payments.registry import KINDS, Kind, Providers, access_of
from quanyi.payments.settings import ProviderSettings, ProviderTerms
from quanyi.secret import Secret
from tests.aws.market import START

PAGE = Path(__file__).parents[2] / "docs/payments.md"


class Kept:
    """Settings without a table."""

    def __init__(self, *settings: ProviderSettings) -> None:
        self._every = {one.name: one for one in settings}

    def every(self) -> dict[str, ProviderSettings]:
        return self._every


def settings(name: str = "wechat", **terms: Any) -> ProviderSettings:
    return ProviderSettings(name=name, updated_at=START, **terms)


def offered(channel: str, currency: str, client: Client | None, *kept: ProviderSettings) -> list[str]:
    providers = Providers({}, Kept(*kept))  # type: ignore[arg-type]
    return [f"{offer.provider}/{offer.method.name}" for offer in providers.offers(channel, currency, client)]


def named(kind: Kind, name: str) -> Any:
    """A constant of the provider's module, of its keys' or of its package."""
    module = kind.made_by.split(":")[0]
    for place in (module, kind.keys or module, module.rpartition(".")[0]):
        if hasattr(import_module(place), name):
            return getattr(import_module(place), name)
    raise AssertionError(f"{module} has no {name}")


@pytest.mark.parametrize("name", sorted(KINDS))
def test_the_registry_agrees_with_the_adapter(name: str) -> None:
    kind = KINDS[name]
    assert kind.methods == named(kind, "METHODS")
    assert kind.currencies == named(kind, "CURRENCIES")
    assert kind.account == named(kind, "REQUIRED_ACCOUNT")
    assert kind.secrets == named(kind, "REQUIRED_SECRETS")
    assert callable(named(kind, "check"))
    built = kind.build(Access())
    port = {member for member in vars(Provider) if not member.startswith("_")}
    assert {member for member in port if not hasattr(built, member)} == set()
    assert built.name == name


def test_knowing_the_providers_loads_none_of_their_libraries() -> None:
    program = (
        "import sys, quanyi.payments.registry\n"
        "loaded = {'stripe', 'wechatpayv3', 'alipay', 'requests', 'Cryptodome'} & set(sys.modules)\n"
        "ours = {name for name in sys.modules if name.startswith('quanyi.payments.') and name.endswith('.provider')}\n"
        "assert not loaded | ours, loaded | ours\n"
    )
    here = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, env=here)
    assert done.returncode == 0, done.stderr


def test_a_shopper_is_offered_what_their_channel_currency_and_client_can_use() -> None:
    wechat, stripe = settings(), settings("stripe", channels=("app",), currencies=("USD",), methods=("checkout",))
    assert offered("site", "CNY", None, wechat, stripe) == ["wechat/native", "wechat/jsapi", "wechat/h5"]
    assert offered("site", "CNY", "phone", wechat, stripe) == ["wechat/h5"]
    assert offered("site", "CNY", "mini_program", wechat, stripe) == ["wechat/jsapi"]
    assert offered("app", "USD", None, wechat, stripe) == ["stripe/checkout"]
    assert offered("site", "USD", None, wechat, stripe) == []
    assert offered("app", "EUR", None, wechat, stripe) == [], "Stripe takes it, the merchant does not"
    assert offered("site", "USD", None, settings(currencies=("USD",))) == [], "WeChat does not take it"
    assert offered("site", "CNY", None, settings(enabled=False)) == []
    assert offered("site", "CNY", None, settings("unknown")) == [], "a kind of a newer version"


@pytest.mark.parametrize(
    ("endpoint", "good"),
    [
        ("", True),
        ("https://openapi-sandbox.alipay.com/gateway.do", True),
        ("http://127.0.0.1:8101", True),
        ("http://[::1]:8101/x", True),
        ("ftp://psp.test", False),
        ("https://user:word@psp.test", False),
        ("https://psp.test/?a=b", False),
        ("https://psp.test/ x", False),
    ],
)
def test_an_endpoint_is_a_plain_address(endpoint: str, good: bool) -> None:
    if good:
        assert ProviderTerms(account={}, endpoint=endpoint).endpoint == endpoint
    else:
        with pytest.raises(ValidationError):
            ProviderTerms(account={}, endpoint=endpoint)


def test_terms_and_what_is_kept_about_them() -> None:
    kept = settings(account={"mchid": "1"}, methods=("native",), version=4, changed_by="operator:K1", credentials="t")
    assert kept.terms == ProviderTerms(account={"mchid": "1"}, methods=("native",))
    with pytest.raises(ValidationError):
        ProviderTerms.model_validate({"acount": {}})


def test_an_adapter_is_built_from_all_live_secrets_and_shows_none() -> None:
    access = access_of(settings(endpoint="https://psp.test"), [{"a": Secret("new")}, {"a": Secret("old")}])
    assert [version["a"].reveal() for version in access.secrets] == ["new", "old"]
    assert access.endpoint == "https://psp.test"
    assert "new" not in repr(access)


def test_the_worked_example_is_a_provider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The module and the entry that `docs/payments.md` shows: it takes what it signed itself, and nothing else."""
    module, entry = re.findall(r"^   ```python\n(.*?)^   ```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    (tmp_path / "acme.py").write_text(dedent(module))
    monkeypatch.syspath_prepend(tmp_path)
    kind: Kind = eval(
        "{" + dedent(entry).replace("quanyi.payments.acme:", "acme:") + "}", {"Kind": Kind, "Method": Method}
    )["acme"]
    access = Access({"merchant": "7"}, ({"key": Secret("k" * 32)}, {"key": Secret("o" * 32)}), "http://127.0.0.1:9")
    kind.check(access)
    acme = kind.build(access)
    told = {"merchant": "7", "event": "paid", "number": "P1", "transaction": "t", "amount": 1, "currency": "EUR"}
    body, at = dumps(told).encode(), str(int(START.timestamp()))

    def signed(key: str, body: bytes = body) -> dict[str, str]:
        signature = hmac.digest(key.encode() * 32, at.encode() + b"." + body, "sha256").hex()
        return {"acme-time": at, "acme-signature": signature}

    for key in ("k", "o"):
        assert acme.verify(signed(key), body, START) == (Captured("P1", "t", 1, "EUR"),)
    other = dumps({**told, "merchant": "8"}).encode()
    for headers, sent, now in (
        (signed("x"), body, START),
        (signed("k"), body + b" ", START),
        (signed("k"), body, START + timedelta(seconds=301)),
        (signed("k", other), other, START),
        ({}, body, START),
    ):
        with pytest.raises(Forged):
            acme.verify(headers, sent, now)
    assert acme.query(Try("P1", 1, "EUR", START)) == "unknown", "nobody listens there"
