"""Set payment providers up as a merchant would, through the public API with the operator's key.

What a provider is entered with (`access`): `account`, `secrets` and `endpoint`, as `docs/payments/` explains them.
"""

import json
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.request import Request, urlopen

from tools.shop_client import ShopApi

NAMES = ("alipay", "wechat", "stripe")


class NotSetUp(Exception):
    """The shop or the provider did not take what was entered."""


def set_up(shop: ShopApi, name: str, access: Mapping[str, Any]) -> str:
    """Settings first, then credentials, a test of them, and only then it is offered. Answers its notify address.
    Whatever it was set up with before is replaced. Raises Refused, NotSetUp."""
    known = _known(shop, name)
    path = f"/v1/admin/payment-providers/{name}"
    terms = {"account": access["account"], "endpoint": access["endpoint"]}
    shop.call("PUT", path, {**terms, "enabled": False, "version": _version(known)})
    # A key of its own each time: another process of the provider has other secrets.
    made = shop.call("PUT", f"{path}/credentials", {"secrets": access["secrets"]}, key=secrets.token_hex(8))
    tried = shop.call("POST", f"{path}/test", key=secrets.token_hex(8))
    if not tried["works"]:
        raise NotSetUp(f"{name} answered {tried['answer']}")
    return shop.call("PUT", path, {**terms, "enabled": True, "version": _version(made)})["notify_url"]


def take_down(shop: ShopApi, name: str) -> None:
    """Shoppers are not offered it any more. Raises Refused."""
    settings = _known(shop, name)["settings"]
    if settings and settings["enabled"]:
        kept = {field: settings[field] for field in ("account", "endpoint", "version")}
        shop.call("PUT", f"/v1/admin/payment-providers/{name}", {**kept, "enabled": False})


def enter_webhook(stripe_url: str, notify_url: str) -> None:
    """As in Stripe's dashboard, at a local Stripe. Raises OSError."""
    body = json.dumps({"url": notify_url}).encode()
    with urlopen(Request(f"{stripe_url}/_control/webhook", body, method="POST"), timeout=10):
        pass


def _known(shop: ShopApi, name: str) -> dict[str, Any]:
    every = shop.call("GET", "/v1/admin/payment-providers")["providers"]
    found = next((one for one in every if one["name"] == name), None)
    if found is None:
        raise NotSetUp(f"the shop knows no {name}")
    return found


def _version(provider: Mapping[str, Any]) -> int:
    return provider["settings"]["version"] if provider["settings"] else 0
