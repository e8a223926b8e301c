"""The category tree on the Catalog table: partition `CATEGORIES`, one item a category, and `#TREE` with its version.

`#TREE` sorts first, so one query reads the version before any category: a write that was decided on a torn read fails
its condition, is decided anew, and so on until it stands or the tree proves too busy.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from quanyi.catalog.categories import MAX_CATEGORIES, TREE, Category, Tree, category_key
from quanyi.catalog.model import Titles
from quanyi.errors import Busy, Conflict, NotFound
from quanyi.table import ConditionFailed, Item, Table, Write

VERSION_KEY = {"pk": TREE, "sk": "#TREE"}
SAME_TREE = "version = :seen OR (attribute_not_exists(pk) AND :seen = :none)"
EXISTS = "attribute_exists(pk)"
EMPTY = "attribute_exists(pk) AND products = :none"

T = TypeVar("T")


@dataclass(frozen=True)
class CategoryTable:
    table: Table

    def tree(self, *, consistent: bool = True) -> Tree:
        """Everything, by one query (one request a megabyte, which is about 4,000 categories)."""
        version = 0
        categories: list[Category] = []
        for item in self.table.query_all("pk = :tree", consistent=consistent, tree=TREE):
            if item["sk"] == VERSION_KEY["sk"]:
                version = item["version"]
            else:
                categories.append(_category(item))
        return Tree.of(version, categories)

    def category(self, category_id: str) -> Category:
        """Raises NotFound."""
        item = self.table.get(category_key(category_id))
        if item is None:
            raise NotFound("category")
        return _category(item)

    def create(
        self, category_id: str, titles: Titles, parent: str | None, before: str | None, body_hash: str
    ) -> Category:
        """Answers what is kept under the id already, if something is (the caller compares `body_hash`).

        Raises Invalid (`parent_unknown`, `not_a_sibling`), Conflict (`too_many_categories`).
        """

        def decide(tree: Tree) -> tuple[Category, list[Write]]:
            if kept := tree.by_id.get(category_id):
                return kept, []
            if len(tree.by_id) >= MAX_CATEGORIES:
                raise Conflict(f"A shop has at most {MAX_CATEGORIES} categories.", reason="too_many_categories")
            place = tree.place_for(parent, before)
            new = Category(id=category_id, parent_id=parent, place=place, titles=titles, body_hash=body_hash)
            return new, [self.table.write_put(_item(new), condition="attribute_not_exists(pk)")]

        return self._restructure(decide)

    def rename(self, category_id: str, titles: Titles, version: int) -> Category:
        """Raises NotFound, Conflict (`stale_version`). Renaming again to the same is answered as made."""
        try:
            item = self.table.update(
                category_key(category_id),
                "SET titles = :titles, version = version + :one",
                condition="version = :seen",
                titles=dict(titles),
                seen=version,
                one=1,
            )
        except ConditionFailed as kept:
            if not kept.item:
                raise NotFound("category") from None
            category = _category(kept.item)
            if category.version == version + 1 and category.titles == titles:
                return category
            raise Conflict(
                "Someone else has changed it: read it again.", reason="stale_version", version=category.version
            ) from None
        return _category(item)

    def move(self, category_id: str, parent: str | None, before: str | None) -> Category:
        """Puts the category, with all below it, under another parent or elsewhere among its siblings.

        Raises NotFound, Invalid (`parent_unknown`, `not_a_sibling`), Conflict (`cycle`).
        """

        def decide(tree: Tree) -> tuple[Category, list[Write]]:
            category = tree.category(category_id)
            place = tree.place_for(parent, before, moving=category_id)
            moved = category.model_copy(update={"parent_id": parent, "place": place, "version": category.version + 1})
            if category.parent_id == parent and _order(tree, category) == _order(tree, moved):
                return category, []
            # SET, not a put: products count themselves in and out of the item meanwhile.
            change = "SET place = :place, version = version + :one"
            if parent is None:
                write = self.table.write_update(
                    category_key(category_id), f"{change} REMOVE parent_id", condition=EXISTS, place=place, one=1
                )
            else:
                write = self.table.write_update(
                    category_key(category_id),
                    f"{change}, parent_id = :parent",
                    condition=EXISTS,
                    place=place,
                    one=1,
                    parent=parent,
                )
            return moved, [write]

        return self._restructure(decide)

    def delete(self, category_id: str) -> None:
        """Raises NotFound, Conflict (`not_empty`)."""

        def decide(tree: Tree) -> tuple[None, list[Write]]:
            category = tree.category(category_id)
            if tree.children(category_id) or category.products:
                raise Conflict(
                    "Only a category without subcategories and products can be deleted.",
                    reason="not_empty",
                    categories=len(tree.children(category_id)),
                    products=category.products,
                )
            return None, [self.table.write_delete(category_key(category_id), condition=EMPTY, none=0)]

        self._restructure(decide)

    def _restructure(self, decide: Callable[[Tree], tuple[T, list[Write]]], tries: int = 10) -> T:
        for attempt in range(tries):
            tree = self.tree()
            answer, writes = decide(tree)
            if not writes:
                return answer
            bump = self.table.write_update(
                VERSION_KEY,
                "SET version = :next",
                condition=SAME_TREE,
                seen=tree.version,
                next=tree.version + 1,
                none=0,
            )
            try:
                self.table.together([bump, *writes])
            except ConditionFailed:
                self.table.pause(random.uniform(0, 0.02 * 2 ** min(attempt, 5)))  # noqa: S311 - jitter
            else:
                return answer
        raise Busy("the category tree is being rearranged")


def _order(tree: Tree, category: Category) -> list[str]:
    """The siblings' ids as they would stand with `category` at its place."""
    others = [c for c in tree.children(category.parent_id) if c.id != category.id]
    return [c.id for c in sorted([*others, category], key=lambda c: (c.place, c.id))]


def _item(category: Category) -> Item:
    return {**category_key(category.id), **category.model_dump(mode="json"), "v": 1}


def _category(item: Item) -> Category:
    return Category.model_validate({name: item[name] for name in Category.model_fields if name in item})
