"""What a counter is told when a voucher cannot be used."""

from collections.abc import Sequence
from typing import Literal

from quanyi.clock import stamp
from quanyi.errors import Refusal
from quanyi.vouchers.rules import Refused


class VoucherMalformed(Refusal):
    """The code cannot be one of ours: its check letter does not fit, so a letter was mistyped. Nothing was counted."""

    status, code, title = 422, "voucher_malformed", "This cannot be a voucher's code"

    def __init__(self) -> None:
        super().__init__("A letter is wrong, missing or out of place.")


class VoucherUnknown(Refusal):
    """There is no voucher with this code and PIN; the same answer for a wrong PIN and a forged QR code. Counted: too
    many of them make whoever sends them wait."""

    status, code, title = 404, "voucher_unknown", "No such voucher"

    def __init__(self) -> None:
        super().__init__("There is no voucher with this code and PIN.")


class VoucherSpent(Refusal):
    """Less is left of the voucher than was wanted, or nothing. `left` and `wanted` are uses, or minor units."""

    status, code, title = 409, "voucher_spent", "The voucher does not hold that much any more"

    def __init__(self, left: int, wanted: int) -> None:
        super().__init__(f"Wanted {wanted}, left {left}.", left=left, wanted=wanted)


class NotUsable(Refusal):
    """Rules say no: `refused` lists every one, with `passes_at` where it is a matter of time."""

    status, code, title = 409, "voucher_not_usable", "The voucher cannot be used now, here, for this"

    def __init__(self, refused: Sequence[Refused]) -> None:
        super().__init__(
            f"Refused by: {', '.join(one.rule for one in refused)}.", refused=[_told(one) for one in refused]
        )
        self.refused = list(refused)


class QrRefused(Refusal):
    """A genuine QR code that cannot be taken: `reason` is `stale` (too old, or a clock is wrong) or `used` (it, or a
    later one, was taken before). The voucher is untouched: show a new code."""

    status, code, title = 409, "qr_refused", "Show a new QR code"

    def __init__(self, reason: Literal["stale", "used"]) -> None:
        super().__init__("The QR code went stale." if reason == "stale" else "The QR code was used.", reason=reason)


def _told(refused: Refused) -> dict[str, object]:
    wanted = {name: stamp(value) if hasattr(value, "tzinfo") else value for name, value in refused.wanted.items()}
    passes_at = {"passes_at": stamp(refused.passes_at)} if refused.passes_at else {}
    return {"rule": refused.rule, **passes_at, **wanted}
