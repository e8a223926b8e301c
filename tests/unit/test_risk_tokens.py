"""Windows that are counted when they are read, and sets that stay small."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quanyi.risk import buckets
from quanyi.risk.facts import COUNTED, IDENTITIES, KNOWN, POINTS, WINDOWS, Identity, Point, fields, must_fit
from quanyi.risk.identities import traces
from quanyi.risk.tokens import KEPT, SLACK, account, counted, earliest, latest, name, superfluous, token
from quanyi.vault.fingerprint import fingerprint

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
ages = st.integers(0, 40 * 86_400)


class Keys:
    """A keyring of one key."""

    def key(self, purpose: str) -> bytes:
        return b"k" * 32

    def mac(self, purpose: str, *parts: str) -> str:
        return fingerprint(self.key(purpose), purpose, *parts)


@given(st.lists(ages, max_size=60))
def test_a_window_counts_exactly_what_lies_within_it(seconds: list[int]) -> None:
    tokens = {token(NOW - timedelta(seconds=age), f"order {i}") for i, age in enumerate(seconds)}
    found = counted({"placed": tokens}, "device", NOW)
    for window, length in WINDOWS.items():
        within = sum(age < length.total_seconds() for age in seconds)
        assert found.get(f"device.placed_{window}", 0) == within


@given(st.lists(ages, max_size=40), st.integers(0, 40))
def test_the_same_again_changes_nothing(seconds: list[int], again: int) -> None:
    made = [token(NOW - timedelta(seconds=age), "order", str(i)) for i, age in enumerate(seconds)]
    assert {*made, *made[:again]} == set(made)


@given(st.lists(st.tuples(ages, st.integers(1, 1000)), max_size=40))
def test_units_are_counted_as_orders_are(bought: list[tuple[int, int]]) -> None:
    made = [token(NOW - timedelta(seconds=age), str(i), weight=units) for i, (age, units) in enumerate(bought)]
    found = counted({"placed": {*made}, "paid": {*made[:1]}}, "phone", NOW)
    for window, length in WINDOWS.items():
        within = [units for age, units in bought if age < length.total_seconds()]
        assert found.get(f"phone.units_{window}", 0) == sum(within)
        assert found.get(f"phone.placed_{window}", 0) == len(within)
    if bought and bought[0][0] < 86_400:
        assert found["phone.paid_units_1d"] == bought[0][1]


def test_what_is_left_out_by_its_name_counts_nowhere() -> None:
    tokens = {token(NOW, "mine", weight=40), token(NOW, "other", weight=2)}
    found = counted({"placed": tokens}, "phone", NOW, {name("mine")})
    assert (found["phone.placed_1d"], found["phone.units_1d"]) == (1, 2)


def test_a_full_set_says_at_least_so_many_and_keeps_the_newest() -> None:
    tokens = {token(NOW - timedelta(seconds=i), str(i)) for i in range(KEPT + SLACK + 50)}
    gone = superfluous(tokens)
    assert len(tokens - gone) == KEPT
    assert earliest(tokens - gone) > latest(gone)
    assert counted({"placed": tokens - gone}, "ip", NOW)["ip.placed_1h"] == KEPT
    assert superfluous(tokens - gone) == set(), "cut once, not at each write"


def test_a_buyer_who_comes_every_hour_is_one_account() -> None:
    seen = {account(NOW - timedelta(hours=h), who) for h in range(48) for who in ("M1", "M2")}
    assert len(seen) <= 6
    assert counted({"accounts": seen}, "device", NOW)["device.accounts_7d"] == 2
    assert "device.accounts_7d" not in counted({"accounts": seen}, "device", NOW + timedelta(days=10))


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("identity", IDENTITIES)
def test_every_fact_that_is_counted_is_one_that_rules_know(identity: Identity, point: Point) -> None:
    item: dict[str, Any] = {fact: {token(NOW, fact)} for fact in COUNTED}
    item |= {"since": "2026-10-01T00:00:00.000Z"}
    item |= {"accounts": {account(NOW, "M")}} if identity != "member" else {}
    found = counted(item, identity, NOW)
    known = {name for name in fields(point) if name.startswith(f"{identity}.")}
    assert known == (set(found) if identity in KNOWN[point] else set())
    if known:
        must_fit(point, found)


def test_a_bucket_slides_over_the_hour() -> None:
    at = datetime(2026, 11, 23, 3, 59, tzinfo=UTC)
    note = buckets.noted("channel", "site", "placed", "x", at)
    items = [{"pk": pk, "sk": sk, fact: 100} for (pk, sk), fact, _ in note.steps]

    def seen(now: datetime) -> int:
        found = buckets.counted([("channel", "site")], items, now)
        must_fit("order", found)
        return int(found.get("channel.placed_1h", 0))  # type: ignore[arg-type]

    assert seen(at) == 100
    assert seen(at + timedelta(minutes=31)) == 50
    assert seen(at + timedelta(minutes=61)) == 0


def test_what_must_be_read_is_what_was_written() -> None:
    for minutes in range(0, 60 * 24, 7):
        at = NOW - timedelta(minutes=minutes)
        written = {sk for (_, sk), _, _ in buckets.noted("sku", "s", "paid", "x", at).steps if sk.startswith("1d")}
        assert written <= {key["sk"] for key in buckets.keys([("sku", "s")], NOW)}


def test_one_address_has_one_form_and_one_network() -> None:
    def of(ip: str) -> dict[str, str]:
        return traces(Keys(), device="", ip=ip)

    assert of("203.0.113.7") == of("::ffff:203.0.113.7")
    assert of("203.0.113.7")["net"] == of("203.0.113.250")["net"] != of("203.0.114.7")["net"]
    assert of("2001:db8:1:2::3")["net"] == of("2001:db8:1:ffff::9")["net"] != of("2001:db8:2::3")["net"]
    assert of("2001:DB8:1:2:0:0:0:3") == of("2001:db8:1:2::3")
    assert of("") == of("no address") == {}
    assert traces(Keys(), device="x", ip="203.0.113.7")["device"] not in of("203.0.113.7").values()
