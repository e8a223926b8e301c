"""A write as counters see it that count each write once (`stats.once`)."""

from dataclasses import dataclass
from typing import TypeAlias

Row: TypeAlias = tuple[str, str]
"""`pk` and `sk` of a counter's item."""

Step: TypeAlias = tuple[Row, str, int]
"""An item, one of its counters, and how much to add."""


@dataclass(frozen=True)
class Noted:
    """`id` is the write's own for ever, and `second` lasts as well; writes of one `scope` are noted together."""

    id: str
    scope: str
    second: int
    steps: tuple[Step, ...]
