"""The contract's order, by names of its own: a room has orders of other forms, too."""

from quanyi.supply.contract import OrderBody, OrderView


class SupplyOrderBody(OrderBody):
    """What another shop orders."""


class SupplyOrderView(OrderView):
    """How it stands."""
