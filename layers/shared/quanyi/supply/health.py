"""How well a supplier has served us of late: what choosing an offer, alerts and the merchant's view rest on.

Counted where a purchase changes its state, by whoever wrote that; a crash right then may lose a count, none is counted
twice. It informs and ranks; it never decides what became of a purchase.
"""

from pydantic import BaseModel, ConfigDict

FRESH_DAYS = 14
"""How many days count."""
FEW = 10
"""Below so many purchases a supplier is neither praised nor blamed."""


class Health(BaseModel):
    """Sums over the days that count. Latency is from sending to known, in milliseconds, summed over those that
    ended."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    sent: int = 0
    succeeded: int = 0
    failed: int = 0
    unknown: int = 0
    """Purchases that were unknown for some time."""
    short: int = 0
    """Purchases that brought fewer than ordered."""
    ordered_cards: int = 0
    received_cards: int = 0
    bad_cards: int = 0
    """Cards of this supplier that buyers had replaced."""
    latency_ms: int = 0

    @property
    def ended(self) -> int:
        return self.succeeded + self.failed

    @property
    def success_rate(self) -> float:
        """Smoothed by Laplace's rule of succession towards a good record, (s + 4) / (n + 5): a newcomer is tried."""
        return (self.succeeded + 4) / (self.ended + 5)

    @property
    def bad_rate(self) -> float:
        """Bad cards of those received, smoothed likewise towards none."""
        return min(1.0, self.bad_cards / (self.received_cards + 20))

    @property
    def short_rate(self) -> float:
        return self.short / (self.succeeded + 5)

    @property
    def score(self) -> float:
        """The share of what is ordered that a buyer can use in the end: by it a purchase's cost is judged."""
        return self.success_rate * (1 - 0.9 * self.bad_rate)

    @property
    def lead_ms(self) -> int | None:
        return self.latency_ms // self.ended if self.ended else None

    @property
    def failing(self) -> bool:
        """Most of its purchases fail: it is asked last, and an alert is raised."""
        return self.ended >= FEW and self.failed * 2 > self.ended
