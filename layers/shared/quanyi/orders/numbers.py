"""Numbers that providers know us by. Each carries its order, so that a line of a provider's bill or a notification
finds its order without any index: `P` + the order's 20 characters + 8; `R` + the same 20 + 3 digits, and `-` and the
share.
"""

from quanyi.ids import derived_id

_ORDER = slice(1, 21)


def payment_number(order_id: str, provider: str, key: str) -> str:
    """29 characters, the same for the same try."""
    return f"P{order_id[_ORDER]}{derived_id('', order_id, provider, key)[:8]}"


def refund_number(order_id: str, count: int) -> str:
    """24 characters; `count` is how many refunds the order has already."""
    return f"R{order_id[_ORDER]}{count:03d}"


def share_number(refund: str, share: int) -> str:
    """The provider's idempotency key of one share of a refund."""
    return f"{refund}-{share}"


def order_of(number: str) -> str:
    """The order of a payment's or refund's number; of a text that is neither, something that is no order."""
    return f"O{number[_ORDER]}"
