"""Vouchers in stock follow their series: of one that is frozen or over nothing is sold, and of a cancelled one nothing
ever again.

Most of it is taken out of sale in the background. What is drawn before that, or comes back into its pool after it,
shows here: the series is asked about each voucher that was just claimed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from quanyi.cards.table import CardsTable
from quanyi.table import Item
from quanyi.vouchers.model import Standing
from quanyi.vouchers.series import SeriesTable
from quanyi.vouchers.use import is_voucher

BY = "system"
BECOMES: Mapping[Standing, Literal["quarantined", "voided"]] = {"closed": "quarantined", "cancelled": "voided"}
"""What the stock of a series becomes that is not open."""
REASONS: Mapping[Standing, str] = {
    "open": "its series is on sale again",
    "closed": "its series is not on sale",
    "cancelled": "its series was cancelled",
}
"""As the cards' audit trail has them; what was taken out by the second comes back, and nothing else."""


@dataclass(frozen=True)
class Sellable:
    """Whether a card that `hold` has just claimed may be sold; a voucher that may not is taken out of stock."""

    cards: CardsTable
    series: SeriesTable
    hold: str
    now: datetime
    _known: dict[str, Standing] = field(default_factory=dict[str, Standing], repr=False, compare=False)

    def __call__(self, card: Item) -> bool:
        if not is_voucher(card):
            return True
        standing = self._standing(card["series"])
        if standing == "open":
            return True
        self.cards.set_aside(card["card_id"], hold=self.hold, to=BECOMES[standing], by=BY, reason=REASONS[standing])
        return False

    def _standing(self, series: str) -> Standing:
        if series not in self._known:
            self._known[series] = self.series.get(series).standing(self.now)
        return self._known[series]
