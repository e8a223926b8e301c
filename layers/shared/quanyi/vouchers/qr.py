"""The text of a voucher's QR code: signed, so that a forged one costs no read.

    QV1.s.<card id>.<mac>             static, for print: as good as the code itself, for as long as the voucher lasts
    QV1.f.<card id>.<moment>.<mac>    fresh: made anew while it is shown, so that a screenshot goes stale

`moment` is milliseconds since 1970 in base 32; the mac is 192 bits of HMAC-SHA256 under the deployment's `voucher` key.
A fresh one is accepted once: the voucher's item remembers the last one's moment.
"""

import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from quanyi.clock import stamp
from quanyi.vault.keys import NamedKeys

LIVES = timedelta(seconds=60)
"""A fresh one is accepted that long after it was made."""
SKEW = timedelta(seconds=30)
"""And that much around it, for clocks that differ."""
MAC_LENGTH = 32

_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_FORM = re.compile(
    rf"QV1\.(?P<kind>[sf])\.(?P<card>[A-Za-z0-9_-]{{43}})(?:\.(?P<at>[{_DIGITS}]{{9}}))?\.(?P<mac>[A-Za-z0-9_-]{{32}})"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True)
class Scanned:
    """A genuine QR code. `made_at` is None for a static one."""

    card_id: str
    made_at: datetime | None = None

    @property
    def place(self) -> str:
        """Which fresh ones came before: what the voucher's item remembers. Empty for a static one."""
        return stamp(self.made_at) if self.made_at else ""

    def stale(self, now: datetime) -> bool:
        """Whether it was made too long ago, or in a future that no clock's error explains."""
        return self.made_at is not None and not -SKEW <= now - self.made_at <= LIVES + SKEW


def static_text(keys: NamedKeys, card_id: str) -> str:
    return f"QV1.s.{card_id}.{_mac(keys, 's', card_id, '')}"


def fresh_text(keys: NamedKeys, card_id: str, now: datetime) -> str:
    """Good until `now + LIVES`."""
    at = _written((now - _EPOCH) // _MILLISECOND)
    return f"QV1.f.{card_id}.{at}.{_mac(keys, 'f', card_id, at)}"


def scanned(keys: NamedKeys, text: str) -> Scanned | None:
    """What a genuine text says; None for any other. It does not judge whether it is stale."""
    found = _FORM.fullmatch(text)
    if not found or (found["kind"] == "f") != (found["at"] is not None):
        return None
    kind, card_id, at = found["kind"], found["card"], found["at"] or ""
    if not hmac.compare_digest(found["mac"], _mac(keys, kind, card_id, at)):
        return None
    return Scanned(card_id, _EPOCH + _read(at) * _MILLISECOND if at else None)


def _mac(keys: NamedKeys, kind: str, card_id: str, at: str) -> str:
    return keys.mac("voucher", "qr", kind, card_id, at)[:MAC_LENGTH]


def _written(number: int) -> str:
    return "".join(_DIGITS[number >> shift & 31] for shift in range(40, -1, -5))


def _read(text: str) -> int:
    return sum(_DIGITS.index(digit) << shift for digit, shift in zip(text, range(40, -1, -5), strict=True))
