"""Set the local suppliers up as a merchant would, through the public API with the operator's key, and show what they
are for. What they sell here is in `tools.demo_shop`: of the one that speaks our own contract a SKU bought for each
buyer, a top-up, and one bought for stock; of the one that speaks Fulu's protocol a top-up; of the dujiao-next shop a
card.
"""

import json
import secrets
from collections.abc import Mapping
from typing import Any

from tools.demo import POST, curl_lines, fields
from tools.local.suppliers.face_dujiao import numbers_of as dujiao_numbers
from tools.local.suppliers.face_fulu import number_of as fulu_number
from tools.shop_client import Refused, ShopApi

NAME = "quanyi"
"""The one that speaks our own contract, and sells most."""
TITLES: Mapping[str, str] = {NAME: "本地供应商", "fulu": "本地福禄", "dujiao": "本地独角数卡"}
"""By the name of the local supplier, which is its adapter's."""
OFFERS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    NAME: {
        "mango-tv-month": {"code": "video-30", "cost": 1500},
        "mobile-50": {"code": "mobile-50", "cost": 4950},
        "game-card-100": {"code": "game-100", "cost": 9500},
    },
    "fulu": {"qq-coins-10": {"code": fulu_number("qb-10"), "cost": 960, "fields": {"qq": "charge_account"}}},
    "dujiao": {"netease-season": {"code": "{}-{}".format(*dujiao_numbers("music-90")), "cost": 3000}},
}
"""By supplier and SKU: the supplier's code, and what one costs there, minor units."""
TOPUP: Mapping[str, Any] = {"sku": "mobile-50", "quantity": 1, "accounts": [{"phone": "13800138001"}]}
OTHERS: Mapping[str, Mapping[str, Any]] = {
    "fulu": {"sku": "qq-coins-10", "quantity": 1, "accounts": [{"qq": "7700123456"}]},
    "dujiao": {"sku": "netease-season", "quantity": 1},
}
"""What to order, by the supplier that it comes from."""
RESTOCK: Mapping[str, Any] = {"sku": "game-card-100", "quantity": 5, "approve": True}

OURS = ("title", "priority", "callback_ips", "low_balance", "patience_hours", "mark_up")
"""Terms that a merchant may have changed meanwhile; the others are where the supplier is, and who we are there."""


def set_up(shop: ShopApi, access: Mapping[str, Any], name: str = NAME) -> None:
    """Terms first, then credentials, a call that shows that they are taken, offers, and only then it is bought from.
    Another process of the supplier replaces the one before; offers that are there stay as they are. Raises Refused."""
    path = f"/v1/admin/suppliers/{name}"
    known = _known(shop, path)
    terms = {"title": TITLES[name], "version": 0}
    if known:
        terms = {term: known[term] for term in (*OURS, "version")}
    where = {term: access[term] for term in ("adapter", "endpoint", "account", "currency")}
    shop.call("PUT", path, {**terms, **where, "enabled": False})
    # A key of its own each time: another process of the supplier has other secrets.
    shop.call("PUT", f"{path}/credentials", {"secrets": access["secrets"]}, key=secrets.token_hex(8))
    shop.call("GET", f"{path}/balance")
    for sku, offer in OFFERS[name].items():
        try:
            shop.call("PUT", f"{path}/offers/{sku}", {**offer, "version": 0})
        except Refused as refused:
            if refused.status != 409:
                raise
    shop.call("PUT", f"{path}/enabled", {"enabled": True})


def take_down(shop: ShopApi, name: str = NAME) -> None:
    """Nothing new is bought there. Raises Refused."""
    path = f"/v1/admin/suppliers/{name}"
    known = _known(shop, path)
    if known and known["enabled"]:
        shop.call("PUT", f"{path}/enabled", {"enabled": False})


def _known(shop: ShopApi, path: str) -> dict[str, Any] | None:
    try:
        return shop.call("GET", path)
    except Refused as refused:
        if refused.status != 404:
            raise
        return None


def order_lines(stack: dict[str, Any], *bought: Mapping[str, Any]) -> list[str]:
    """For bash: each orders one; it is paid and looked at by the other lines of `demo.curl_lines`."""
    return [curl_lines(stack, one)[0] for one in bought]


def restock_lines(stack: dict[str, Any]) -> list[str]:
    """For bash: buy cards for stock, see what has come."""
    orders = f"{stack['api_url']}/v1/admin/purchase-orders"
    operator = f"-H 'Authorization: Bearer {stack['keys']['operator']}'"
    buy = f"""{POST} {operator} -H "Idempotency-Key: $RANDOM$RANDOM" {orders} -d '{_json(RESTOCK)}'"""
    told = fields("state", "quantity", "received", "reason")
    return [
        f"read PURCHASE < <({buy} | {fields('id')}); echo $PURCHASE",
        f"sleep 5; curl -s {operator} {orders}/$PURCHASE | {told}",
    ]


def fault_lines(stack: dict[str, Any]) -> list[str]:
    """For bash: let the supplier break, then buy as before; what its books say; mend it."""
    control = f"{stack['suppliers'][NAME]['url']}/_control"
    lost, failing = {"fault": "html_after", "kinds": ["order"]}, {"fault": "late_failure"}
    return [
        f"curl -s {control}/on -d '{_json(lost)}'; echo  # answers get lost: asked about, never sent again",
        f"curl -s {control}/on -d '{_json(failing)}'; echo  # taken, and failed seconds later: refunded",
        f"curl -s {control}/report -d '{{}}'; curl -s {control}/off -d '{{}}'; echo  # its books; all is well again",
    ]


def _json(body: Mapping[str, Any]) -> str:
    return json.dumps(body, separators=(",", ":"))
