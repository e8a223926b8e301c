"""That a buyer opened what they bought, and from where."""

from quanyi.clock import Timestamp
from quanyi.orders.part import Part


class Reveal(Part):
    """`by` is `order` for the buyer's own browser, `storefront` for the channel's server. `ip` is None where the member
    was erased."""

    at: Timestamp
    units: tuple[str, ...]
    by: str
    ip: str | None = None
