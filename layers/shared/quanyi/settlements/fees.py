"""Fees that a settlement file tells of, as a change of the order: its journal posts them."""

from quanyi.orders.model import Order, Payment

AT_ONCE = "payment"
"""The row of the payment itself; a notification may have told the same fee before."""


def with_fee(order: Order, payment_id: str, row: str, fee: int) -> Order:
    """What the provider kept of a payment by one row of its file: `payment`, or the number of a refund, of which it
    gives (part of) its fee back (negative). Applied once for a row; an unknown payment changes nothing."""
    payment = order.payment(payment_id)
    if payment is None or not payment.captured:
        return order
    return order.model_copy(
        update={"payments": tuple(_charged(p, row, fee) if p.id == payment_id else p for p in order.payments)}
    )


def fee_of(payment: Payment, row: str) -> int:
    """What the order has of it."""
    return payment.fees.get(row, payment.fee if row == AT_ONCE and not payment.fees else 0)


def _charged(payment: Payment, row: str, fee: int) -> Payment:
    if fee_of(payment, row) == fee:
        return payment
    fees = (payment.fees or ({AT_ONCE: payment.fee} if payment.fee else {})) | {row: fee}
    return payment.model_copy(update={"fees": fees, "fee": sum(fees.values())})
