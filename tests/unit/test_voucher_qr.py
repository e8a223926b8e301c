"""QR texts: genuine ones are read, forged ones are not, and stale ones are known."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quanyi.vault.fingerprint import fingerprint
from quanyi.vault.keys import Purpose
from quanyi.vouchers.qr import LIVES, SKEW, Scanned, fresh_text, scanned, static_text

CARD = "c" * 21 + "-_" + "D" * 20
NOW = datetime(2026, 11, 26, 4, 0, 0, 123_000, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2900, 1, 1)).map(  # noqa: DTZ001 - made aware here
    lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000, tzinfo=UTC)
)


class Keys:
    def __init__(self, secret: str = "ours") -> None:
        self.secret = secret

    def key(self, purpose: Purpose) -> bytes:
        return f"{self.secret}{purpose}".encode().ljust(32)

    def mac(self, purpose: Purpose, *parts: str) -> str:
        return fingerprint(self.key(purpose), *parts)


TEXTS = [static_text(Keys(), CARD), fresh_text(Keys(), CARD, NOW)]


@given(at=MOMENTS)
def test_what_is_written_is_read(at: datetime) -> None:
    assert scanned(Keys(), static_text(Keys(), CARD)) == Scanned(CARD)
    assert scanned(Keys(), fresh_text(Keys(), CARD, at)) == Scanned(CARD, at)


@pytest.mark.parametrize("text", TEXTS)
def test_every_changed_letter_is_found(text: str) -> None:
    for place, right in enumerate(text):
        for wrong in "Aa0_.-":
            if wrong != right:
                assert scanned(Keys(), text[:place] + wrong + text[place + 1 :]) is None
        assert scanned(Keys(), text[:place] + text[place + 1 :]) is None


def test_a_static_code_is_no_fresh_one() -> None:
    parts = TEXTS[0].split(".")
    fresh = TEXTS[1].split(".")
    assert scanned(Keys(), ".".join([*parts[:1], "f", *parts[2:]])) is None
    assert scanned(Keys(), ".".join([*parts[:3], fresh[3], parts[3]])) is None
    assert scanned(Keys(), ".".join([fresh[0], "s", fresh[2], fresh[4]])) is None


@pytest.mark.parametrize("text", [*TEXTS, "", "QV1", "QV1.s..", "QV2" + TEXTS[0][3:], TEXTS[0] + "\n", "券" * 30])
def test_another_shops_and_nonsense(text: str) -> None:
    assert scanned(Keys("theirs"), text) is None


@pytest.mark.parametrize(
    ("age", "stale"),
    [
        (timedelta(), False),
        (LIVES, False),
        (LIVES + SKEW, False),
        (LIVES + SKEW + timedelta(milliseconds=1), True),
        (-SKEW, False),
        (-SKEW - timedelta(milliseconds=1), True),
        (timedelta(days=1), True),
    ],
)
def test_a_fresh_one_goes_stale(age: timedelta, stale: bool) -> None:
    assert Scanned(CARD, NOW - age).stale(NOW) is stale
    assert Scanned(CARD).stale(NOW) is False


@given(one=MOMENTS, other=MOMENTS)
def test_their_places_sort_like_their_moments(one: datetime, other: datetime) -> None:
    assert (Scanned(CARD, one).place < Scanned(CARD, other).place) == (one < other)
    assert Scanned(CARD).place == ""
