"""The demo shop: its invented keys, and that a second run finds everything made."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from catalog.requests import NewProduct
from quanyi.imports.entries import EntryReader
from quanyi.imports.model import Plan, Record
from stock.intake import NewImport
from tools.demo import Demo, DemoFailed, curl_lines
from tools.demo_keys import invented, keys
from tools.demo_shop import PRODUCTS
from tools.demo_stock import STOCK
from tools.shop_client import Refused


@dataclass
class FakeShop:
    """Answers a creation again for the same Idempotency-Key, as the shop does, and counts what it really made."""

    made: dict[str, dict[str, Any]] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)
    ends_as: str = "done"

    def call(self, method: str, path: str, body: Any = None, key: str | None = None) -> dict[str, Any]:
        if method == "GET":
            found = self._of(path.rsplit("/", 1)[1])
            return found | {"state": self.ends_as if found["state"] == "uploaded" else found["state"]}
        if method == "PUT":
            if path in self.made:
                raise Refused(f"{method} {path}", 409, {"code": "stale_version"})
            self.changes.append(path)
            self.made[path] = {"id": path, "body": body}
            return self.made[path]
        if key is None:
            self.changes.append(path)
            made, verb = path.split("/")[-2:]
            self._of(made).update(
                {"publish": {"state": "published", "version": 2}, "revoke": {"revoked_at": "now"}}[verb]
            )
            return self._of(made)
        if key in self.made:
            assert self.made[key]["body"] == body
            return self.made[key] | {"key": None}
        self.changes.append(path)
        name = str(body.get("id") or f"X{len(self.made)}")
        self.made[key] = {"id": name, "body": body, "state": "draft", "version": 1, "revoked_at": None}
        if path == "/v1/admin/imports":
            self.made[key] |= {"state": "awaiting_upload", "upload": {"url": name, "fields": {}}, "accepted": 0}
        if path.endswith("/generate"):
            self.made[key] |= {"state": "uploaded", "accepted": body["count"]}
        return self.made[key] | {"key": f"text of {key}"}

    def upload(self, url: str, fields: dict[str, str], content: bytes) -> None:
        self.changes.append(url)
        rows = len(content.splitlines()) - (b"," in content.splitlines()[0])
        self._of(url).update(state="uploaded", accepted=rows)

    def _of(self, name: str) -> dict[str, Any]:
        return next(thing for thing in self.made.values() if thing["id"] == name)


def test_a_second_run_changes_nothing() -> None:
    shop = FakeShop()
    first = Demo(shop).load({"operator": "qy_operator_X"})
    shop.changes.clear()
    assert Demo(shop).load(first) == first
    assert shop.changes == []


def test_keys_by_role_and_channel() -> None:
    found = Demo(FakeShop()).load({"operator": "qy_operator_X"})
    assert found["operator"] == "qy_operator_X"
    assert {"support", "analyst", "counter"} < set(found)
    for role in ("storefront", "publishable"):
        assert set(found[role]) == {"site", "taobao", "mini-program"}


def test_a_key_whose_text_was_lost_is_revoked_and_replaced() -> None:
    shop = FakeShop()
    Demo(shop).load({"operator": "O"})
    again = Demo(shop).load({"operator": "O"})
    assert again["publishable"]["site"] == "text of demo-key-site-publishable-2"
    assert shop.made["demo-key-site-publishable-1"]["revoked_at"]


def test_an_archived_or_reworked_product_is_left_alone() -> None:
    shop = FakeShop()
    known = Demo(shop).load({"operator": "O"})
    product = next(thing for key, thing in shop.made.items() if key.startswith("demo-product"))
    product.update(state="draft", version=3)
    Demo(shop).load(known)
    assert product["state"] == "draft"


def test_a_failed_import_says_which() -> None:
    with pytest.raises(DemoFailed, match="iqiyi-gold-month"):
        Demo(FakeShop(ends_as="failed")).load({"operator": "O"})


def test_an_import_that_never_ends_is_given_up() -> None:
    waited = iter(range(0, 10_000, 50))
    slow = Demo(FakeShop(ends_as="running"), clock=lambda: next(waited), pause=lambda _: None)
    with pytest.raises(DemoFailed, match="running"):
        slow.load({"operator": "O"})


@pytest.mark.parametrize(
    ("shape", "form"),
    [
        ("XDEMO???????????", r"X[0-9A-Z]{15}"),
        ("DEMO?-?????-?????", r"[0-9A-Z]{5}(-[0-9A-Z]{5}){2}"),
        ("9900############", r"\d{16}"),
    ],
)
def test_an_invented_key_has_its_shape_and_is_the_same_each_time(shape: str, form: str) -> None:
    assert re.fullmatch(form, invented(shape, "a"))
    assert invented(shape, "a") == invented(shape, "a") != invented(shape, "b")


def test_all_invented_numbers_are_different_and_say_that_they_are_invented() -> None:
    numbers = [row[0] for delivery in STOCK for row in delivery.rows()]
    assert len(set(numbers)) == len(numbers) > 300
    assert all("DEMO" in number.upper() or number.startswith("9900") for number in numbers)


def test_two_lots_of_a_sku_have_nothing_in_common() -> None:
    assert not set(keys("a", ("????????",), 50)) & set(keys("a", ("????????",), 50, "taobao"))


def test_the_shop_takes_what_the_demo_sends() -> None:
    for place, product in enumerate(PRODUCTS):
        NewProduct.model_validate(product.body("C1", place))
    for delivery in STOCK:
        NewImport.model_validate(delivery.body())


def test_every_stocked_sku_is_sold_and_every_line_reads_as_a_card() -> None:
    formats = {sku["id"]: sku.get("card_format") for product in PRODUCTS for sku in product.skus}
    for delivery in STOCK:
        plan = Plan.model_validate(delivery.body() | {"format": formats[delivery.sku], "issuer": "demo"})
        places = (0, 1 if len(delivery.shapes) > 1 else None, 2)
        reader = EntryReader(plan, datetime(2026, 1, 1, tzinfo=UTC), places)
        lines = delivery.file().decode(delivery.encoding).splitlines()[1 if delivery.header else 0 :]
        for line, text in enumerate(lines, 1):
            fields = text.split(",") if delivery.header else [text]
            assert reader.read(Record(line, 0, 0, fields)).number.reveal() == delivery.rows()[line - 1][0]


def test_three_lines_buy_a_card() -> None:
    lines = curl_lines({"api_url": "http://127.0.0.1:1/x", "keys": {"publishable": {"site": "qy_publishable_K"}}})
    assert len(lines) == 3
    assert all("http://127.0.0.1:1/x/v1/" in line and "\n" not in line for line in lines)
