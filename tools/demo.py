"""Fill an empty shop with something to look at and to buy, through the public API alone.

    python -m tools.demo            on the shop that `make run` serves

Every call carries a fixed Idempotency-Key, so running it again finds everything made and changes nothing.
"""

import json
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tools.demo_categories import CATEGORIES, Branch
from tools.demo_shop import CHANNELS, PRODUCTS, STORES
from tools.demo_stock import GIVEAWAYS, STOCK, Delivery, Giveaway
from tools.shop_client import HttpShop, Refused, ShopApi

SHOP_ROLES = ("support", "analyst", "counter")
CHANNEL_ROLES = ("storefront", "publishable")
WAIT_SECONDS = 180.0
BOUGHT = "iqiyi-gold-month"
CARD: Mapping[str, Any] = {"sku": BOUGHT, "quantity": 1}
POST = "curl -s -X POST -H 'Content-Type: application/json'"


class DemoFailed(Exception):
    """The shop did not take what the demo brings."""


def load(stack: dict[str, Any]) -> dict[str, Any]:
    """Fills the shop that `stack` (the content of `.local/stack.json`) describes and answers all its keys. Raises
    Refused, DemoFailed."""
    shop = HttpShop(stack["api_url"], stack["keys"]["operator"])
    return Demo(shop).load(stack["keys"])


@dataclass(frozen=True)
class Demo:
    """`shop` speaks with an operator's key."""

    shop: ShopApi
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep

    def load(self, known: dict[str, Any]) -> dict[str, Any]:
        """`known` are the keys of an earlier run; those that it lacks are made."""
        for channel in CHANNELS:
            self.shop.call("POST", "/v1/admin/channels", channel, key=f"demo-channel-{channel['id']}")
        self._stores()
        self._products(self._categories(CATEGORIES))
        self._stock()
        return self._keys(known)

    def _stores(self) -> None:
        for store, told in STORES.items():
            try:
                self.shop.call("PUT", f"/v1/admin/stores/{store}", {**told, "version": 0})
            except Refused as refused:
                if refused.status != 409:  # it is there, and its terms are the operator's own by now
                    raise

    def _categories(self, branches: Iterable[Branch], parent: str | None = None) -> dict[str, str]:
        """Ids by the names that `demo_shop` uses."""
        ids: dict[str, str] = {}
        for branch in branches:
            body = {"titles": branch.titles, "parent_id": parent}
            made = self.shop.call("POST", "/v1/admin/categories", body, key=f"demo-category-{branch.name}")
            ids |= {branch.name: made["id"], **self._categories(branch.below, made["id"])}
        return ids

    def _products(self, categories: dict[str, str]) -> None:
        for place, product in enumerate(PRODUCTS):
            body = product.body(categories[product.category], place)
            made = self.shop.call("POST", "/v1/admin/products", body, key=f"demo-product-{product.skus[0]['id']}")
            if made["state"] == "draft" and made["version"] == 1:  # a later draft is the operator's own decision
                self.shop.call("POST", f"/v1/admin/products/{made['id']}/publish")

    def _stock(self) -> None:
        """All files first, then waiting: the shop reads them side by side."""
        begun = [(delivery.name, delivery.count, self._upload(delivery)) for delivery in STOCK]
        begun += [(giveaway.title, giveaway.count, self._generate(giveaway)) for giveaway in GIVEAWAYS]
        until = self.clock() + WAIT_SECONDS
        for name, count, import_id in begun:
            self._wait(name, count, import_id, until)

    def _upload(self, delivery: Delivery) -> str:
        made = self.shop.call("POST", "/v1/admin/imports", delivery.body(), key=f"demo-import-{delivery.name}")
        if made["state"] == "awaiting_upload":
            self.shop.upload(made["upload"]["url"], made["upload"]["fields"], delivery.file())
        return made["id"]

    def _generate(self, giveaway: Giveaway) -> str:
        series = self.shop.call("POST", "/v1/admin/voucher-series", giveaway.body(), key=f"demo-series-{giveaway.sku}")
        path = f"/v1/admin/voucher-series/{series['id']}/generate"
        body = {"count": giveaway.count, "into": "handed_out"}
        return self.shop.call("POST", path, body, key=f"demo-vouchers-{giveaway.sku}")["id"]

    def _wait(self, name: str, count: int, import_id: str, until: float) -> None:
        while True:
            found = self.shop.call("GET", f"/v1/admin/imports/{import_id}")
            if found["state"] == "done":
                break
            if found["state"] in ("failed", "cancelled") or self.clock() > until:
                raise DemoFailed(f"the import of {name} is {found['state']}: {found.get('failure')}")
            self.pause(0.3)
        if found["accepted"] != count:
            raise DemoFailed(f"the import of {name} took {found['accepted']} of {count} keys")

    def _keys(self, known: dict[str, Any]) -> dict[str, Any]:
        keys = dict(known)
        for role in SHOP_ROLES:
            keys[role] = keys.get(role) or self._new_key("", role)
        for role in CHANNEL_ROLES:
            mine: dict[str, str] = dict(keys.get(role) or {})
            for channel in CHANNELS:
                mine[channel["id"]] = mine.get(channel["id"]) or self._new_key(channel["id"], role)
            keys[role] = mine
        return keys

    def _new_key(self, channel: str, role: str) -> str:
        """A key's text is told once. One whose text was lost (a run that broke off) is revoked and replaced."""
        path = f"/v1/admin/channels/{channel}/keys" if channel else "/v1/admin/keys"
        for number in range(1, 100):
            body = {"role": role, "name": "demo"}
            made = self.shop.call("POST", path, body, key=f"demo-key-{channel or 'shop'}-{role}-{number}")
            if made["key"]:
                return made["key"]
            if made["revoked_at"] is None:
                self.shop.call("POST", f"{path}/{made['id']}/revoke")
        raise DemoFailed(f"a hundred lost {role} keys of {channel or 'the shop'}")


def curl_lines(stack: dict[str, Any], bought: Mapping[str, Any] = CARD) -> list[str]:
    """Three lines for bash that buy a line of an order: place it, pay it at the sandbox, see what was delivered."""
    api, key = stack["api_url"], stack["keys"]["publishable"]["site"]
    post = f"{POST} -H 'Authorization: Bearer {key}' -H"
    order = json.dumps({"lines": [bought], "contact": {"email": "buyer@example.com"}}, separators=(",", ":"))
    place = f"""{post} "Idempotency-Key: $RANDOM$RANDOM" {api}/v1/orders -d '{order}'"""
    pay = f"""{post} "Idempotency-Key: $ORDER" {api}/v1/orders/$ORDER/payments -d '{{"provider":"sandbox"}}'"""
    play = f"""{POST} {api}/v1/sandbox/payments/$PAYMENT -d '{{"outcome":"paid"}}'"""
    return [
        f"read ORDER TOKEN < <({place} | {fields('id', 'access_token')}); echo $ORDER",
        f"read PAYMENT < <({pay} | {fields('id')}); {play}; echo",
        f'sleep 2; curl -s -H "Authorization: Bearer $TOKEN" {api}/v1/orders/$ORDER/deliveries; echo',
    ]


def fields(*names: str) -> str:
    """Takes fields out of an answer with nothing but Python; a refusal, which has none of them, is shown whole."""
    take = "import json,sys; o=json.load(sys.stdin); print(*(o.get(n, o) for n in sys.argv[1:]))"
    return f"python3 -c '{take}' {' '.join(names)}"


def main() -> None:
    from tools.local.stack import STACK_FILE, Stack

    try:
        stack = Stack.read()
    except FileNotFoundError:
        sys.exit("no local shop: start one with `make run`")
    try:
        keys = load(stack.as_dict())
    except (Refused, DemoFailed) as error:
        sys.exit(str(error))
    made = replace(stack, keys=keys)
    if made != stack:
        made.write(STACK_FILE)
    print("\n".join(curl_lines(made.as_dict())))


if __name__ == "__main__":
    main()
