"""What goes wrong at the local supplier, and when.

Faults of a group exclude each other: a call ends in one way, an order takes one course. Whether one strikes follows
from the seed, the order's key and how often that was asked, so a run can be repeated whatever its threads do; only the
n-th call (`calls`) is counted as they come.
"""

import threading
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from random import Random
from typing import Literal, TypeAlias, get_args

Kind: TypeAlias = Literal[
    "order", "query", "cancel", "balance", "goods", "stock", "quote", "check", "statement", "other"
]
"""What a call asks for; a top-up is an `order` too."""

Ending: TypeAlias = Literal[
    "cut_before",
    "cut_after",
    "hang_before",
    "hang_after",
    "error_before",
    "error_after",
    "html_before",
    "html_after",
    "forged",
    "truncated",
    "huge",
]
"""How a call ends: the connection is cut, it hangs, 502, an HTML page with 200; each before the call is carried out or
after it. The last three carry it out: signed with a wrong key, half of the answer, an answer of 50 MB."""

Refusal: TypeAlias = Literal["sold_out", "no_balance", "price_rise"]
"""An order finds no stock, no money, or a price that has just risen (for everybody)."""

Course: TypeAlias = Literal["late", "partly", "late_failure"]
"""An order is pending before it is done, brings some cards before the rest, is accepted and fails later."""

Delivery: TypeAlias = Literal["short", "surplus", "repeated", "resold"]
"""One card less than ordered, one more, one twice in the list, one that somebody else had before."""

Calling: TypeAlias = Literal["callback_lost", "callback_late", "callback_twice", "callback_early", "callback_forged"]
"""Callbacks: `callback_early` comes before the order's own answer."""

Latency: TypeAlias = Literal["slow"]

GROUPS: dict[str, tuple[str, ...]] = {
    name: get_args(group)
    for name, group in {
        "ending": Ending,
        "refusal": Refusal,
        "course": Course,
        "delivery": Delivery,
        "calling": Calling,
        "latency": Latency,
    }.items()
}
NAMES = frozenset(name for group in GROUPS.values() for name in group)


class NoSuchFault(ValueError):
    """Its text lists those that there are."""


@dataclass
class Rule:
    """When a fault strikes: in this share of the cases, or in the n-th of them (from 1), or for these keys."""

    share: float = 0.0
    calls: frozenset[int] = frozenset()
    kinds: frozenset[str] = frozenset()
    """Only in calls of these kinds; empty: in all."""
    keys: frozenset[str] = frozenset()
    """Only for these orders; empty: for all."""
    seen: int = 0

    def meets(self, kind: str, key: str) -> bool:
        return (not self.kinds or kind in self.kinds) and (not self.keys or key in self.keys)


@dataclass
class Faults:
    """None at first. Safe to use from several threads."""

    seed: int = 0
    rules: dict[str, Rule] = field(default_factory=dict[str, Rule])
    struck: Counter[str] = field(default_factory=Counter[str])
    """How often each fault struck."""
    _asked: Counter[tuple[str, str, str]] = field(default_factory=Counter[tuple[str, str, str]], repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def on(
        self,
        name: str,
        share: float | None = None,
        *,
        calls: Iterable[int] = (),
        kinds: Collection[Kind] = (),
        keys: Iterable[str] = (),
    ) -> None:
        """Switches a fault on: always, unless `share` or `calls` say when. Raises NoSuchFault."""
        if name not in NAMES:
            raise NoSuchFault(f"there is no fault {name}; there are {', '.join(sorted(NAMES))}")
        counted = frozenset(calls)
        if share is None:
            share = 0.0 if counted else 1.0
        with self._lock:
            self.rules[name] = Rule(share, counted, frozenset(kinds), frozenset(keys))

    def off(self, *names: str) -> None:
        """Switches these off, or all."""
        with self._lock:
            for name in names or tuple(self.rules):
                self.rules.pop(name, None)

    def strike(self, group: str, key: str = "", kind: Kind = "other") -> str:
        """Which fault of the group strikes now; empty: none."""
        with self._lock:
            self._asked[group, kind, key] += 1
            draw = Random(f"{self.seed}/{group}/{kind}/{key}/{self._asked[group, kind, key]}").random()  # noqa: S311
            found = ""
            for name in GROUPS[group]:
                rule = self.rules.get(name)
                if rule is None or not rule.meets(kind, key):
                    continue
                rule.seen += 1
                if not found and (rule.seen in rule.calls or draw < rule.share):
                    found = name
                draw -= rule.share
            if found:
                self.struck[found] += 1
            return found
