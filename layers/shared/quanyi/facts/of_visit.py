"""What visitors of a storefront did, as facts.

Nothing is kept of who they are: a visitor is a keyed hash of the storefront's own name of their device, the same that
their orders bear, and only where they agreed to it. Without consent a view is counted, and belongs to nobody.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from unicodedata import normalize

from quanyi.clock import stamp
from quanyi.facts.model import Fact, FactKind
from quanyi.ids import derived_id

Act = Literal["view", "search", "touch"]
_KINDS: dict[Act, FactKind] = {"view": "viewed", "search": "searched", "touch": "touched"}

PRIVATE = re.compile(r"@|\d[\d \-]{5,}")
"""In words that somebody searched for: an address, a phone's or an order's number."""
CONTACT = re.compile(r"@|(?<!\d)1[3-9]\d{9}(?!\d)")
"""In a campaign's name, which may have a number of its own: an address, a mobile's number."""


@dataclass(frozen=True)
class Sign:
    """One thing that a visitor did, at `at`. `id` is the storefront's own, so that it can tell it again."""

    id: str
    act: Act
    at: datetime
    sku: str = ""
    product: str = ""
    words: str = ""
    source: str = ""
    medium: str = ""
    campaign: str = ""


def fact_of(sign: Sign, channel: str, visitor: str) -> Fact:
    """`visitor` is empty where there is no consent: then where they came from is left out too."""
    # Whoever tells another moment or visitor under an id that was told before means another event.
    name = derived_id("V", channel, sign.id, visitor, stamp(sign.at))
    words = _without(PRIVATE, " ".join(sign.words.lower().split()))
    return Fact(
        f"{name}#{_KINDS[sign.act]}",
        _KINDS[sign.act],
        sign.at,
        visitor or name,
        channel=channel,
        visitor=visitor,
        sku=sign.sku,
        product="" if sign.sku else sign.product,  # a SKU has its own
        reason=words if sign.act == "search" else "",
        quantity=1,
        source=_without(CONTACT, sign.source) if visitor else "",
        medium=_without(CONTACT, sign.medium) if visitor else "",
        campaign=_without(CONTACT, sign.campaign) if visitor else "",
    )


def _without(private: re.Pattern[str], text: str) -> str:
    return "" if private.search(normalize("NFKC", text)) else text


def visit(channel: str, visitor: str, day: str, at: datetime) -> Fact:
    """The first sign of a visitor on a day of the shop."""
    return Fact(
        f"{visitor}#visited#{day}#{channel}", "visited", at, visitor, channel=channel, visitor=visitor, quantity=1
    )
