"""The category tree: places among siblings, moves, no cycles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quanyi.catalog.categories import Category, Tree, after, between
from quanyi.errors import Conflict, Invalid, NotFound, Refusal


def category(name: str, parent: str | None, place: str) -> Category:
    return Category(id=name, parent_id=parent, place=place, titles={"en": name})


def forest(*edges: tuple[str, str | None]) -> Tree:
    """Categories in the order given, each last among its siblings."""
    tree = Tree.of(0, [])
    for name, parent in edges:
        tree = Tree.of(0, [*tree.by_id.values(), category(name, parent, tree.place_for(parent, None))])
    return tree


def moved(tree: Tree, name: str, parent: str | None, before: str | None) -> Tree:
    place = tree.place_for(parent, before, moving=name)
    changed = tree.category(name).model_copy(update={"parent_id": parent, "place": place})
    return Tree.of(0, [changed if c.id == name else c for c in tree.by_id.values()])


def shape(tree: Tree, root: str | None = None) -> list[tuple[str, int]]:
    return [(node.category.id, node.depth) for node in tree.walk(root)]


@given(st.lists(st.integers(0, 10**6), max_size=60))
def test_there_is_always_room_between_two_places(choices: list[int]) -> None:
    places: list[str] = []
    for choice in choices:
        at = choice % (len(places) + 1)
        low = places[at - 1] if at else ""
        new = between(low, places[at]) if at < len(places) else after(low)
        places.insert(at, new)
    assert places == sorted(set(places))
    assert not any(place.endswith("0") for place in places)


def test_places_stay_short_however_many_are_appended() -> None:
    place = ""
    for _ in range(4000):
        place, before = after(place), place
        assert place > before
    assert len(place) == 7


def test_a_tree_is_walked_parents_first_and_siblings_in_order() -> None:
    tree = forest(("a", None), ("b", None), ("a1", "a"), ("a2", "a"), ("a1x", "a1"))
    assert shape(tree) == [("a", 0), ("a1", 1), ("a1x", 2), ("a2", 1), ("b", 0)]
    assert shape(tree, "a1") == [("a1", 0), ("a1x", 1)]
    assert tree.subtree_ids("a") == {"a", "a1", "a1x", "a2"}
    with pytest.raises(NotFound):
        list(tree.walk("missing"))


def test_depth_has_no_limit() -> None:
    deep = Tree.of(0, [category(str(i), str(i - 1) if i else None, "i") for i in range(3000)])
    assert shape(deep)[-1] == ("2999", 2999)
    with pytest.raises(Conflict):
        deep.place_for("2999", None, moving="0")


def test_a_subtree_moves_before_a_sibling_or_to_the_end() -> None:
    tree = forest(("a", None), ("b", None), ("a1", "a"), ("b1", "b"), ("b2", "b"))
    assert shape(moved(tree, "a", "b", "b2")) == [("b", 0), ("b1", 1), ("a", 1), ("a1", 2), ("b2", 1)]
    assert shape(moved(tree, "b1", "b", None))[-2:] == [("b2", 1), ("b1", 1)]
    assert shape(moved(tree, "b2", None, "a"))[0] == ("b2", 0)


def test_moves_that_break_the_tree_are_refused() -> None:
    tree = forest(("a", None), ("a1", "a"), ("a1x", "a1"), ("b", None))
    for parent in ("a", "a1", "a1x"):
        with pytest.raises(Conflict):
            tree.place_for(parent, None, moving="a")
    with pytest.raises(Invalid):
        tree.place_for("missing", None, moving="a")
    with pytest.raises(Invalid):
        tree.place_for(None, "a1", moving="b")
    with pytest.raises(Invalid):
        tree.place_for(None, "b", moving="b")


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(-1, 9), st.integers(-1, 9)), max_size=40))
def test_any_moves_leave_a_tree(moves: list[tuple[int, int, int]]) -> None:
    names = [str(i) for i in range(10)]
    tree = forest(*[(name, str(i // 2) if i else None) for i, name in enumerate(names)])
    for name, parent, before in moves:
        try:
            tree = moved(tree, str(name), None if parent < 0 else str(parent), None if before < 0 else str(before))
        except Refusal:
            continue
        walked = [node.category.id for node in tree.walk()]
        assert sorted(walked) == names
        if before >= 0:
            siblings = [c.id for c in tree.children(None if parent < 0 else str(parent))]
            assert siblings.index(str(before)) == siblings.index(str(name)) + 1
