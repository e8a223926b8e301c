"""A card's item holds every use that was made of it, and DynamoDB takes no item above 400 KB: which takes another.

A use that was taken can always be given back: of each that stands, room for its reversal is kept. What is above
`MOST_BYTES` is for what may be written besides: a person's reasons, PINs that were tried.
"""

from collections.abc import Mapping
from typing import Any

from quanyi.item_size import size_of

MOST_BYTES = 380_000
OF_A_USE = 1_000
"""Bytes of the largest use with its reversal."""
OF_A_REVERSAL = 120
"""Bytes that a use grows by when it is reversed: when, and by whom."""
CROWDED = 100 * OF_A_USE
"""With less room than that, tills that ask at once are let through one by one."""


def room_of(item: Mapping[str, Any]) -> int:
    """Bytes for further uses, were all that stand reversed. Less than none: too much is there already."""
    standing = sum("r" not in use for use in item.get("uses", {}).values())
    return MOST_BYTES - size_of(item) - standing * OF_A_REVERSAL
