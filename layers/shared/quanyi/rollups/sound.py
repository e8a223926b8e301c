"""Whether a fact can be summed up. Facts are made by this code base; one that says something else is parked, and counts
nowhere, so that it holds up none of those beside it."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any, cast

from quanyi.facts.model import KINDS, Fact


class Unsound(Exception):
    """It is not one that this version knows."""


def sound(fact: Fact) -> Fact:
    """The fact itself. Raises Unsound."""
    accounts: Any = fact.accounts
    if not isinstance(accounts, dict):
        raise Unsound("accounts")
    moved = cast("dict[Any, Any]", accounts)
    whole: list[Any] = [fact.quantity, fact.amount, *moved.values()]
    optional: list[Any] = [number for number in (fact.line, fact.seconds) if number is not None]
    texts: list[Any] = [fact.id, fact.of, fact.channel, fact.buyer, fact.provider, fact.reason, fact.currency]
    texts += [fact.sku, fact.product, fact.category, *moved]
    if fact.kind not in KINDS:
        raise Unsound("kind")
    if not all(isinstance(number, int) for number in [*whole, *optional]):
        raise Unsound("number")
    if not all(isinstance(text, str) for text in texts):
        raise Unsound("text")
    return fact


def sound_ones(read: Iterable[Callable[[], Fact]]) -> Iterator[Fact]:
    """Of calls that each answer a fact, or raise whatever is wrong with it: its record was parked for that."""
    for one in read:
        with suppress(Exception):
            yield sound(one())
