"""What is answered about an order's deliveries."""

from quanyi.catalog.model import CardFormat
from quanyi.clock import Timestamp
from quanyi.http import View
from quanyi.money import Money
from quanyi.orders.model import OrderState, UnitKind, UnitState
from quanyi.vouchers.model import Value, Way


class ReplacedView(View):
    """A card that the buyer had seen, and that was bad: the unit has another, or waits for one."""

    number: str
    pin: str | None
    at: Timestamp
    reason: str


class VoucherPart(View):
    """What a voucher of the shop's own is worth. `left` of `whole`: uses, or minor units of a stored amount. A QR code
    of it is `GET /v1/orders/{id}/vouchers/{unit}/qr`."""

    value: Value
    left: int
    whole: int
    valid_from: Timestamp | None
    valid_until: Timestamp | None
    ways: tuple[Way, ...]


class UnitView(View):
    """One unit. `number` is the card number, code or link by its `format`; `text` is what a person delivered."""

    unit: str
    sku: str
    title: str
    kind: UnitKind
    own: bool
    """A voucher of the shop's own, which has a QR code to be shown at a counter."""
    state: UnitState
    due_at: Timestamp | None = None
    """Of a paid one that waits: by when it comes, or its money goes back. In the past: any moment."""
    delivered_at: Timestamp | None = None
    revealed: bool = False
    """It has been opened, be it now. What nobody has opened can still be returned to stock."""
    closed: bool = False
    """Delivered, but this call did not ask to open it."""
    claim_until: Timestamp | None = None
    """Until when its buyer may claim another for a bad one, where its SKU has a warranty."""
    tutorial: str | None = None
    """Of a part of a bundle: how to use it, likewise."""
    format: CardFormat | None = None
    number: str | None = None
    pin: str | None = None
    text: str | None = None
    account: str | None = None
    """Of a top-up: where it goes or went, masked; empty until its buyer has named it. There is nothing to reveal."""
    face_value: Money | None = None
    """Of a top-up: what came, or is to come, into the account."""
    withheld: bool = False
    """Delivered, but the shop has frozen this card since, or the order while a case about it is open: ask it why."""
    expires_at: Timestamp | None = None
    """The card's own expiry, where its issuer printed one."""
    valid_until: Timestamp | None = None
    """Until when the benefit can be used, by its SKU's validity, or the voucher's own."""
    voucher: VoucherPart | None = None
    replaced_before: int = 0
    """How many cards the unit had before this one; a claim names it."""
    replaced: tuple[ReplacedView, ...] = ()
    """Cards that the unit had before, oldest first."""


class DeliveryView(View):
    """What one line of the order received."""

    line: int
    sku: str
    title: str
    tutorial: str | None = None
    """How to use it: the SKU's text as it is now, in the order's language, once something was delivered."""
    units: list[UnitView]


class DeliveriesView(View):
    order: str
    state: OrderState
    deliveries: list[DeliveryView]
