"""Money that goes back: refunds of an order, and the shares in which they reach its payments."""

from typing import Literal

from quanyi.clock import Timestamp
from quanyi.orders.part import Part

OUT_OF_STOCK = "out of stock"
"""Why the shop itself gives up a unit that it cannot deliver."""
NO_ACCOUNT = "no account named"
"""Why it gives up a top-up whose buyer never said which account."""

RefundState = Literal["requested", "succeeded", "failed"]
ShareState = Literal["requested", "unknown", "succeeded", "failed"]


class Share(Part):
    """The part of a refund that goes back to one payment. Its provider's key is `orders.numbers.share_number`."""

    payment: str
    amount: int
    excess: int = 0
    """What a provider took back beyond what the payment had left: the shop's loss, and no money of this order."""
    state: ShareState = "requested"
    asked_at: Timestamp | None = None
    """When its provider was first asked for it; anew after a person had a failed one asked for again."""
    sent_at: Timestamp | None = None
    """When its provider was last asked to send it: refunds of one payment keep their distance."""
    again: int = 0
    """How often a person had it asked for again after it had failed."""
    again_at: Timestamp | None = None
    by_hand: bool = False
    """A person paid it back: what its provider still says about it changes nothing."""
    outside: str = ""
    """The provider's number of money that it took back itself: a refund in its console, a lost dispute."""


class Refund(Part):
    """Money going back; it succeeds when all its shares have. Whole `units` go back; or `parts` (unit and amount) of
    units that stay, and `seen` tells whether a card of theirs had been revealed; or, with neither, a surplus."""

    id: str
    amount: int
    shares: tuple[Share, ...]
    units: tuple[str, ...] = ()
    parts: tuple[tuple[str, int], ...] = ()
    seen: bool = False
    currency: str | None = None
    """None: the order's. Another is that of a payment in the wrong currency."""
    reason: str
    asked: str = ""
    """Names the request that a person made, so that the same call again finds it."""
    by: str = "system"
    state: RefundState = "requested"
    created_at: Timestamp
    settled_at: Timestamp | None = None

    @property
    def outside(self) -> bool:
        """Its provider took all of it back by itself."""
        return bool(self.shares) and all(share.outside for share in self.shares)

    @property
    def of_surplus(self) -> bool:
        return not self.units and not self.parts
