"""Categories, over the handler and against races on the table."""

from dataclasses import dataclass
from typing import Any

import pytest

from catalog import admin
from quanyi.callers import Caller
from quanyi.catalog.categories import category_key
from quanyi.catalog.category_table import CategoryTable
from quanyi.errors import Busy, Conflict
from quanyi.table import Table
from tests.aws.conftest import Call, Cloud

OPERATOR = Caller(role="operator", key_id="K1")


@dataclass(frozen=True)
class Desk:
    call: Call

    def __call__(self, method: str, path: str, body: Any = None, key: str | None = None) -> tuple[int, Any]:
        headers = {"Idempotency-Key": key} if key else None
        return self.call(admin.handler, method, path, body, caller=OPERATOR, headers=headers)[:2]

    def make(self, name: str, parent: str | None = None, before: str | None = None) -> str:
        body = {"titles": {"en": name}, "parent_id": parent, "before": before}
        first = self("POST", "/v1/admin/categories", body, key=f"make-{name}")
        assert first == self("POST", "/v1/admin/categories", body, key=f"make-{name}")
        assert first[0] == 201
        return first[1]["id"]

    def names(self, root: str | None = None) -> list[tuple[str, int]]:
        path = "/v1/admin/categories"
        status, tree, _ = self.call(admin.handler, "GET", path, caller=OPERATOR, query={"root": root} if root else None)
        assert status == 200
        return [(item["titles"]["en"], item["depth"]) for item in tree["items"]]


@pytest.fixture
def ask(call: Call) -> Desk:
    return Desk(call)


def test_a_tree_grows_in_order(ask: Desk) -> None:
    video = ask.make("video")
    music = ask.make("music")
    ask.make("first", None, video)
    ask.make("b", music)
    ask.make("c", music)
    assert ask.names() == [("first", 0), ("video", 0), ("music", 0), ("b", 1), ("c", 1)]
    assert ask.names(music) == [("music", 0), ("b", 1), ("c", 1)]
    status, one = ask("GET", f"/v1/admin/categories/{music}")
    assert (status, one["titles"]) == (200, {"en": "music"})


def test_listing_a_subtree_is_one_query(ask: Desk, cloud: Cloud) -> None:
    parent = None
    for i in range(8):
        parent = ask.make(f"c{i}", parent)
    asked: list[str] = []
    dynamodb = cloud.client("dynamodb")
    dynamodb.meta.events.register("before-call.dynamodb", lambda model, **_: asked.append(model.name))
    assert len(CategoryTable(cloud.table("CatalogTable")).tree().subtree_ids(str(parent))) == 1
    assert asked == ["Query"]


def test_a_subtree_of_any_size_moves_by_one_write(ask: Desk, cloud: Cloud) -> None:
    a, b = ask.make("a"), ask.make("b")
    for i in range(150):
        item = {**category_key(f"a{i}"), "id": f"a{i}", "parent_id": a, "place": "i", "titles": {"en": f"a{i}"}}
        cloud.table("CatalogTable").put(item)
    path = f"/v1/admin/categories/{a}/move"
    first = ask("POST", path, {"parent_id": b})
    assert (first[0], first[1]["parent_id"], first[1]["version"]) == (200, b, 2)
    assert ask("POST", path, {"parent_id": b}) == first
    assert len(ask.names(b)) == 152
    assert ask("POST", path, {"parent_id": None, "before": b})[1]["parent_id"] is None
    assert ask.names()[0] == ("a", 0)


def test_moves_that_break_the_tree_change_nothing(ask: Desk, cloud: Cloud) -> None:
    a = ask.make("a")
    inner = ask.make("inner", a)
    other = ask.make("other")
    before = cloud.contents()
    for body, status, reason in (
        ({"parent_id": a}, 409, "cycle"),
        ({"parent_id": inner}, 409, "cycle"),
        ({"parent_id": "missing"}, 422, "parent_unknown"),
        ({"parent_id": other, "before": inner}, 422, "not_a_sibling"),
    ):
        got, refused = ask("POST", f"/v1/admin/categories/{a}/move", body)
        assert (got, refused["reason"]) == (status, reason)
    assert ask("POST", f"/v1/admin/categories/{a}/move", {})[0] == 422
    assert ask("POST", "/v1/admin/categories/missing/move", {"parent_id": None})[0] == 404
    assert cloud.contents() == before


def test_renaming_is_conditional_and_repeatable(ask: Desk, cloud: Cloud) -> None:
    path = f"/v1/admin/categories/{ask.make('a')}"
    renamed = ask("PATCH", path, {"version": 1, "titles": {"zh-CN": "影音", "en": "Video"}})
    assert (renamed[0], renamed[1]["version"]) == (200, 2)
    before = cloud.contents()
    assert ask("PATCH", path, {"version": 1, "titles": {"zh-CN": "影音", "en": "Video"}}) == renamed
    assert ask("PATCH", path, {"version": 1, "titles": {"en": "Else"}})[1]["reason"] == "stale_version"
    assert ask("PATCH", path, {"version": 2, "titles": {}})[0] == 422
    assert ask("PATCH", "/v1/admin/categories/missing", {"version": 1, "titles": {"en": "x"}})[0] == 404
    assert cloud.contents() == before


def test_only_an_empty_category_is_deleted(ask: Desk, cloud: Cloud) -> None:
    a = ask.make("a")
    inner = ask.make("inner", a)
    _, product = ask("POST", "/v1/admin/products", {"titles": {"en": "P"}, "category_id": inner}, key="p1")
    for name, holds in ((a, {"categories": 1, "products": 0}), (inner, {"categories": 0, "products": 1})):
        status, refused = ask("DELETE", f"/v1/admin/categories/{name}")
        assert (status, refused["reason"]) == (409, "not_empty")
        assert {k: refused[k] for k in holds} == holds
    ask("PATCH", f"/v1/admin/products/{product['id']}", {"version": 1, "category_id": a})
    assert ask("DELETE", f"/v1/admin/categories/{inner}")[0] == 204
    assert ask("DELETE", f"/v1/admin/categories/{inner}")[0] == 404
    assert ask("GET", f"/v1/admin/categories/{a}")[1]["products"] == 1


def test_a_key_is_for_one_category(ask: Desk, cloud: Cloud) -> None:
    ask.make("a")
    before = cloud.contents()
    status, refused = ask("POST", "/v1/admin/categories", {"titles": {"en": "b"}}, key="make-a")
    assert (status, refused["code"]) == (422, "idempotency_key_reused")
    assert cloud.contents() == before


@dataclass
class Overtaken:
    """A DynamoDB client that lets someone else act just before each of our transactions."""

    client: Any
    others: list[Any]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)

    def transact_write_items(self, **request: Any) -> Any:
        if self.others:
            self.others.pop(0)()
        return self.client.transact_write_items(**request)


def raced(cloud: Cloud, *others: Any) -> CategoryTable:
    table = cloud.table("CatalogTable")
    return CategoryTable(Table(table.name, Overtaken(table.client, list(others)), pause=lambda _: None))


def test_two_moves_at_once_never_make_a_cycle(ask: Desk, cloud: Cloud) -> None:
    a, b = ask.make("a"), ask.make("b")
    with pytest.raises(Conflict) as refused:
        raced(cloud, lambda: CategoryTable(cloud.table("CatalogTable")).move(b, a, None)).move(a, b, None)
    assert refused.value.extra["reason"] == "cycle"
    assert ask.names() == [("a", 0), ("b", 1)]


def test_a_child_made_meanwhile_saves_its_parent(ask: Desk, cloud: Cloud) -> None:
    a = ask.make("a")
    with pytest.raises(Conflict) as refused:
        raced(cloud, lambda: ask.make("inner", a)).delete(a)
    assert refused.value.extra["reason"] == "not_empty"


def test_a_product_made_meanwhile_saves_its_category(ask: Desk, cloud: Cloud) -> None:
    a = ask.make("a")
    body = {"titles": {"en": "P"}, "category_id": a}
    with pytest.raises(Conflict):
        raced(cloud, lambda: ask("POST", "/v1/admin/products", body, key="p1")).delete(a)
    assert ask("GET", f"/v1/admin/categories/{a}")[1]["products"] == 1


def test_endless_contention_is_busy(ask: Desk, cloud: Cloud) -> None:
    a, _ = ask.make("a"), ask.make("b")
    others = [lambda i=i: ask.make(f"c{i}") for i in range(20)]
    with pytest.raises(Busy):
        raced(cloud, *others).move(a, None, None)
