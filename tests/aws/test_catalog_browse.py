"""The shop window: what each channel sees, in order, page by page."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from catalog import browse
from catalog.wiring import desk
from quanyi.callers import KEY_ROLES, Caller, KeyRole
from quanyi.catalog.model import SkuTerms
from quanyi.catalog.product import Product, ProductTerms, in_state, new_product
from tests.aws.conftest import Call, Cloud

NOW = datetime(2026, 11, 23, tzinfo=UTC)
H5 = Caller(role="publishable", key_id="K1", channel="h5", origins=("https://shop.example",))


@dataclass(frozen=True)
class Window:
    call: Call

    def __call__(self, path: str, caller: Caller = H5, /, **query: str) -> tuple[int, Any]:
        return self.call(browse.handler, "GET", path, caller=caller, query=query or None)[:2]

    def pages(self, caller: Caller = H5, **query: str) -> list[str]:
        """Ids over all pages."""
        seen: list[str] = []
        cursor: dict[str, str] = {}
        for _ in range(100):
            status, page = self("/v1/products", caller, **query, **cursor)
            assert status == 200
            assert len(page["items"]) <= int(query.get("limit", 20))
            seen += [item["id"] for item in page["items"]]
            if page["next"] is None:
                return seen
            cursor = {"cursor": page["next"]}
        raise AssertionError("the list does not end")


@pytest.fixture
def window(call: Call) -> Window:
    return Window(call)


def sell(name: str, category: str | None = None, order: int = 0, age: int = 0, **terms: Any) -> Product:
    """A published product with one SKU, made `age` hours before now; called `name` unless it has a `title`."""
    told = ProductTerms.model_validate(
        {"titles": {"zh-CN": terms.pop("title", name)}, "category_id": category, "sort_order": order}
    )
    sku = SkuTerms.model_validate({"kind": "card", "titles": {"zh-CN": "月卡", "en": "Month"}, "price": 1999, **terms})
    product = new_product(f"P{name}", told, [(f"S{name}", sku)], NOW - timedelta(hours=age), "")
    return desk().products.change(desk().products.create(product), in_state(product, "published", NOW))


def test_products_come_in_the_order_asked_for(window: Window) -> None:
    sell("a", order=2, age=3, price=100)
    sell("b", order=1, age=2, price=300)
    sell("c", order=1, age=1, price=200)
    assert window.pages() == ["Pc", "Pb", "Pa"]
    assert window.pages(sort="newest") == ["Pc", "Pb", "Pa"]
    assert window.pages(sort="price") == ["Pa", "Pc", "Pb"]
    assert window.pages(sort="-price") == ["Pb", "Pc", "Pa"]


@pytest.mark.parametrize("limit", ["1", "3", "7", "100"])
def test_every_product_is_on_exactly_one_page(limit: str, window: Window) -> None:
    for i in range(13):
        hidden: Any = {"channels": {"h5": {"visible": False}}} if i % 3 == 0 else {}
        sell(f"{i:02}", order=i, **hidden)
    shown = [f"P{i:02}" for i in range(13) if i % 3]
    assert window.pages(limit=limit) == shown
    assert window.pages(limit=limit, sort="-price") == window.pages(limit="100", sort="-price")


def test_a_channel_sees_what_is_sold_there_and_now(window: Window) -> None:
    sell("everywhere")
    sell("elsewhere", channels={"h5": {"visible": False}})
    sell("listed", only_listed_channels=True, channels={"h5": {}})
    sell("unlisted", only_listed_channels=True, channels={"app": {}})
    sell("over", on_sale_until=NOW - timedelta(days=400))
    sell("early", on_sale_from=NOW + timedelta(days=40_000))
    draft = sell("draft")
    desk().products.change(draft, in_state(draft, "draft", NOW))
    assert sorted(window.pages()) == ["Peverywhere", "Plisted"]
    app = H5.model_copy(update={"channel": "app"})
    assert sorted(window.pages(app)) == ["Pelsewhere", "Peverywhere", "Punlisted"]
    for name in ("elsewhere", "unlisted", "over", "early", "draft", "missing"):
        assert window(f"/v1/products/P{name}")[0] == 404


def test_a_product_shows_the_channels_price_in_one_language(window: Window) -> None:
    terms: Any = {
        "face_value": 2500,
        "tutorial": {"zh-CN": "秘密教程"},
        "tiers": [{"from_quantity": 10, "price": 1800}],
        "channels": {"app": {"price": 1500}},
    }
    sell("a", **terms)
    status, product = window("/v1/products/Pa")
    sku = product["skus"][0]
    assert status == 200
    assert (product["title"], sku["title"]) == ("a", "月卡")
    assert sku["price"] == {"amount": 1999, "currency": "CNY"}
    assert sku["tiers"] == [{"from_quantity": 10, "price": {"amount": 1800, "currency": "CNY"}}]
    assert sku["face_value"] == {"amount": 2500, "currency": "CNY"}
    assert "秘密教程" not in str(product)
    app = H5.model_copy(update={"channel": "app"})
    sku = window("/v1/products/Pa", app, language="en")[1]["skus"][0]
    assert (sku["title"], sku["price"]["amount"], sku["tiers"]) == ("Month", 1500, [])
    listed = window("/v1/products", app)[1]["items"][0]["skus"][0]
    assert listed == {"id": "Sa", "title": "月卡", "price": {"amount": 1500, "currency": "CNY"}}


def test_search_finds_parts_of_titles(window: Window) -> None:
    sell("a", title="爱奇艺黄金会员")
    sell("b", title="腾讯视频会员")
    sell("c", title="Steam Wallet")
    assert len(window.pages(q="会员")) == 2
    assert window.pages(q="奇艺 会员") == ["Pa"]
    assert window.pages(q="ｓｔｅａｍ") == ["Pc"]
    assert window.pages(q="sB") == ["Pb"]
    assert window.pages(q="s") == ["Pc"]
    assert window.pages(q="%_*") == []
    assert len(window.pages(q=" ")) == 3


def test_a_category_holds_what_is_below_it(window: Window) -> None:
    trees = desk().categories
    trees.create("Cvideo", {"zh-CN": "影音", "en": "Video"}, None, None, "")
    trees.create("Cinner", {"zh-CN": "会员"}, "Cvideo", None, "")
    trees.create("Cgames", {"zh-CN": "游戏"}, None, None, "")
    sell("a", "Cvideo")
    sell("b", "Cinner")
    sell("c", "Cgames")
    assert sorted(window.pages(category="Cvideo")) == ["Pa", "Pb"]
    trees.move("Cinner", "Cgames", None)
    assert sorted(window.pages(category="Cgames")) == ["Pb", "Pc"]
    assert window("/v1/products", category="missing")[0] == 404
    _, tree = window("/v1/categories", language="en")
    assert [(c["title"], c["depth"]) for c in tree["items"]] == [("Video", 0), ("游戏", 0), ("会员", 1)]
    assert [c["id"] for c in window("/v1/categories", root="Cgames")[1]["items"]] == ["Cgames", "Cinner"]


def test_a_category_with_hundreds_below_it_lists_too(window: Window) -> None:
    trees = desk().categories
    trees.create("Call", {"en": "all"}, None, None, "")
    item = trees.table.get({"pk": "CATEGORIES", "sk": "Call"}) or {}
    for i in range(120):
        trees.table.put({**item, "sk": f"C{i}", "id": f"C{i}", "parent_id": "Call"})
    sell("a", "C7")
    sell("b", "C119")
    sell("c")
    assert sorted(window.pages(category="Call", limit="1")) == ["Pa", "Pb"]


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "101"},
        {"limit": "many"},
        {"sort": "colour"},
        {"language": "fr"},
        {"cursor": "nonsense"},
        {"cursor": "e30"},
        {"cursor": "x" * 3000},
        {"q": "x" * 101},
        {"q": "a b c d e f"},
        {"category": "a b"},
    ],
)
def test_bad_questions_are_4xx(query: dict[str, str], window: Window) -> None:
    sell("a")
    assert 400 <= window("/v1/products", H5, **query)[0] < 500


def test_a_cursor_cannot_lead_into_another_list(window: Window, call: Call) -> None:
    for i in range(3):
        sell(str(i), order=i)
    _, page = window("/v1/products", limit="1")
    assert window("/v1/products", limit="3", sort="price", cursor=page["next"])[0] == 200


def test_answers_are_fresh_for_seconds_and_readable_by_the_channels_pages(call: Call) -> None:
    headers = {"Origin": "https://shop.example"}
    status, _, answered = call(browse.handler, "GET", "/v1/products", caller=H5, headers=headers)
    assert (status, answered["cache-control"]) == (200, "private, max-age=5")
    assert answered["access-control-allow-origin"] == "https://shop.example"
    _, _, answered = call(browse.handler, "GET", "/v1/products", caller=H5, headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answered


@pytest.mark.parametrize("role", [role for role in KEY_ROLES if role not in ("storefront", "publishable")])
def test_only_shops_are_served(role: KeyRole, window: Window) -> None:
    assert window("/v1/products", Caller(role=role, key_id="K2"))[0] == 403


def test_a_page_costs_two_reads_more_than_the_index(window: Window, cloud: Cloud) -> None:
    for i in range(5):
        sell(str(i))
    window("/v1/products")
    asked: list[str] = []
    products = desk().products.table.client
    products.meta.events.register("before-call.dynamodb", lambda model, **_: asked.append(model.name))
    window("/v1/products")
    assert asked == ["Query", "BatchGetItem", "BatchGetItem"]


def test_a_products_page_asks_for_the_accounts_of_its_topups_also_of_those_in_bundles(window: Window) -> None:
    phone: dict[str, Any] = {"name": "phone", "kind": "phone", "titles": {"zh-CN": "手机号"}}
    terms: dict[str, Any] = {"kind": "topup", "face_value": 5000}
    terms["topup"] = {"fields": [phone], "confirm_text": {"zh-CN": "充值不可退"}}
    sell("t", **terms)
    sell("b", kind="bundle", components=[{"sku": "St", "quantity": 1}])
    sell("c")
    forms = {name: window(f"/v1/products/P{name}")[1]["skus"][0] for name in ("t", "b", "c")}
    assert {name: [field["name"] for field in sku["account_form"]] for name, sku in forms.items()} == {
        "t": ["phone"],
        "b": ["St.phone"],
        "c": [],
    }
    assert forms["t"]["face_value"] == {"amount": 5000, "currency": "CNY"}
    assert [sku["confirm_texts"] for sku in forms.values()] == [[{"zh-CN": "充值不可退"}]] * 2 + [[]]


def test_a_bundles_page_names_what_is_in_it(window: Window) -> None:
    sell("t")
    sell("b", kind="bundle", components=[{"sku": "St", "quantity": 2}])
    named = {
        language: window("/v1/products/Pb", language=language)[1]["skus"][0]["components"]
        for language in ("zh-CN", "en")
    }
    assert named == {
        "zh-CN": [{"sku": "St", "title": "月卡", "quantity": 2}],
        "en": [{"sku": "St", "title": "Month", "quantity": 2}],
    }
