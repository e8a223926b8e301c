"""A batch: where its cards came from and what they cost."""

from dataclasses import dataclass, field
from datetime import datetime

from quanyi.money import Money

MAX_CARDS = 10_000
"""Cards sealed under one data key."""


@dataclass(frozen=True)
class Batch:
    """`size` is None until its import has counted it, and of vouchers made on sale, which nobody counts; `wrapped` is
    its data key as KMS wrapped it."""

    id: str
    sku: str
    supplier: str
    unit_cost: Money
    channel: str | None
    import_id: str | None
    created_at: datetime
    wrapped: bytes = field(repr=False)
    size: int | None = None


def key_context(batch_id: str) -> dict[str, str]:
    """The encryption context of a batch's data key: by its purpose IAM tells card keys from all others."""
    return {"purpose": "card-batch", "batch": batch_id}
