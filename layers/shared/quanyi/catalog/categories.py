"""The category tree, of any depth. A category knows its parent and its place among siblings, nothing else.

Moving a subtree is therefore one write, however many categories are below it, and no path can be left half rewritten.
What keeps it a tree under concurrent moves is the tree's own version: every change of structure is decided on one
version and written only if it still stands (`catalog.category_table`).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from pydantic import ConfigDict, Field

from quanyi.catalog.model import Language, Model, Titles
from quanyi.catalog.product import CategoryId
from quanyi.errors import Conflict, Invalid, NotFound

MAX_CATEGORIES = 4000
"""Keeps the whole tree at two requests to read and one answer to send."""

TREE = "CATEGORIES"
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def category_key(category_id: str) -> dict[str, str]:
    """All categories stand in one partition: one query reads the tree, consistently."""
    return {"pk": TREE, "sk": category_id}


class Category(Model):
    model_config = ConfigDict(extra="ignore")

    id: CategoryId
    parent_id: str | None = None
    place: str
    """Sorts among siblings; a text, so that there is always room between two (`between`)."""
    titles: Titles
    products: int = Field(default=0, description="Products directly in it, in any state")
    version: int = 1
    body_hash: str = ""

    def title(self, language: Language = "zh-CN") -> str:
        return self.titles.get(language) or next(iter(self.titles.values()))


@dataclass(frozen=True)
class Node:
    """A category where it stands; `depth` is 0 for a root."""

    category: Category
    depth: int


@dataclass(frozen=True)
class Tree:
    """All categories at one version of the tree."""

    version: int
    by_id: Mapping[str, Category]

    @classmethod
    def of(cls, version: int, categories: Iterable[Category]) -> "Tree":
        return cls(version, {category.id: category for category in categories})

    def category(self, category_id: str) -> Category:
        """Raises NotFound."""
        if category_id not in self.by_id:
            raise NotFound("category")
        return self.by_id[category_id]

    @cached_property
    def _children(self) -> Mapping[str | None, list[Category]]:
        found: dict[str | None, list[Category]] = {}
        for category in self.by_id.values():
            found.setdefault(category.parent_id, []).append(category)
        for siblings in found.values():
            siblings.sort(key=lambda category: (category.place, category.id))
        return found

    def children(self, category_id: str | None) -> list[Category]:
        return self._children.get(category_id, [])

    def walk(self, root: str | None = None) -> Iterator[Node]:
        """The subtree under `root`, itself included (None: everything): parents before children, siblings in order.

        Raises NotFound. It keeps a stack of its own: depth has no limit here, while recursion has.
        """
        start = self.children(None) if root is None else [self.category(root)]
        stack = [Node(category, 0) for category in reversed(start)]
        while stack:
            node = stack.pop()
            yield node
            stack += [Node(child, node.depth + 1) for child in reversed(self.children(node.category.id))]

    def subtree_ids(self, root: str) -> set[str]:
        return {node.category.id for node in self.walk(root)}

    def place_for(self, parent: str | None, before: str | None, moving: str | None = None) -> str:
        """The place before the sibling `before`, or last, under `parent`. `moving` is the category that moves there.

        Raises Invalid (`parent_unknown`, `not_a_sibling`) and Conflict (`cycle`).
        """
        if parent is not None and parent not in self.by_id:
            raise Invalid("No such parent category.", reason="parent_unknown")
        if moving is not None and parent is not None and parent in self.subtree_ids(moving):
            raise Conflict("A category cannot be moved below itself.", reason="cycle")
        siblings = [category for category in self.children(parent) if category.id != moving]
        if before is None:
            return after(siblings[-1].place if siblings else "")
        at = next((i for i, category in enumerate(siblings) if category.id == before), None)
        if at is None:
            raise Invalid("`before` names no other child of that parent.", reason="not_a_sibling")
        return between(siblings[at - 1].place if at else "", siblings[at].place)


def after(low: str) -> str:
    """A place behind `low`, of fixed length however often categories are appended."""
    next_number = int(low[:6].ljust(6, "0"), 36) + 1 if low else 36**5
    digits = [_DIGITS[next_number // 36**power % 36] for power in range(5, -1, -1)]
    return "".join(digits) + "i"


def between(low: str, high: str) -> str:
    """A text that sorts strictly between two places; `""` is before everything.

    Places never end in `0`, so there is always another one between any two.
    """
    made = ""
    bounded = True
    while True:
        below = _DIGITS.index(low[len(made)]) if len(made) < len(low) else 0
        above = _DIGITS.index(high[len(made)]) if bounded and len(made) < len(high) else len(_DIGITS)
        if above - below > 1:
            return made + _DIGITS[(below + above) // 2]
        made += _DIGITS[below]
        bounded = bounded and above == below
