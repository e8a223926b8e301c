"""Which events one write of a card amounts to: uses of vouchers."""

from quanyi.change import Change
from quanyi.events.model import CardRedeemed, RedemptionEvent, RedemptionReversed
from quanyi.ids import derived_id
from quanyi.redemptions.model import records_of


def events_of_card(change: Change) -> list[RedemptionEvent]:
    """The same two images always give the same events, ids included."""
    events: list[RedemptionEvent] = []
    for record in records_of(change):
        kind = RedemptionReversed if record.use.reversed_at else CardRedeemed
        events.append(
            kind(
                id=derived_id("E", record.number, kind.__name__),
                order=record.order,
                channel=record.channel,
                rev=change.new["used"],
                at=change.at,
                currency=record.currency,
                card=record.card_id,
                series=record.series,
                sku=record.sku,
                redemption=record.number,
                store=record.use.store,
                amount=record.use.amount,
                left=change.new["left"],
            )
        )
    return events
