"""How RFM is scored is the merchant's: checked, kept with who chose it, and gone by the next night. Orders of resellers
tell nothing about buyers."""

from datetime import timedelta
from typing import Any

import pytest

from quanyi.accounts.model import Account, AccountTerms
from quanyi.analytics.bands_table import BandsTable, KeptBands
from quanyi.analytics.customers import Bands
from quanyi.analytics.reports import REPORTS
from quanyi.callers import Caller
from quanyi.errors import Conflict
from quanyi.facts.model import Fact
from reports import spend
from reports.night import run as daily
from tests.aws.conftest import Call, Cloud
from tests.aws.market import START as NOW
from tests.aws.test_lake import START, Shore, record, shore

__all__ = ["shore"]

OPERATOR, ANALYST = Caller(role="operator", key_id="OP1"), Caller(role="analyst", key_id="AN1")
SUPPORT = Caller(role="support", key_id="SU1")
PATH = "/v1/admin/rfm-bands"
DAY = "2026-11-24"
FIXED: dict[str, Any] = {"recency": [180, 90, 30, 7], "frequency": [2, 3, 5, 9]}


def ask(call: Call, body: dict[str, Any] | None = None, caller: Caller = OPERATOR) -> tuple[int, Any]:
    status, answer, *_ = call(spend.handler, "PUT" if body else "GET", PATH, body=body, caller=caller)
    return status, answer


# --------------------------------------------------------------------------------------------------------- the setting


@pytest.mark.usefixtures("cloud")
def test_until_somebody_chooses_there_are_five_equal_bands(call: Call) -> None:
    status, found = ask(call, caller=ANALYST)
    assert status == 200
    assert found == {
        "count": 5,
        "recency": [],
        "frequency": [],
        "monetary": [],
        "currency": None,
        "version": 0,
        "by": None,
        "at": None,
        "earlier": [],
    }


@pytest.mark.usefixtures("cloud")
def test_what_is_chosen_is_kept_with_who_chose_it(call: Call) -> None:
    status, found = ask(call, {**FIXED, "version": 0})
    assert (status, found["version"], found["recency"]) == (200, 1, [180, 90, 30, 7])
    assert found["by"] == OPERATOR.name
    assert ask(call, {**FIXED, "version": 0}) == (status, found)
    money = {"monetary": [0, 10_000, 50_000, 200_000], "currency": "CNY", "count": 3, "version": 1}
    status, found = ask(call, money)
    assert (status, found["version"], found["recency"], found["currency"]) == (200, 2, [], "CNY")
    assert [(one["version"], one["frequency"]) for one in found["earlier"]] == [(1, [2, 3, 5, 9])]
    assert ask(call)[1] == found


@pytest.mark.usefixtures("cloud")
def test_whoever_has_not_read_the_last_choice_changes_nothing(call: Call, cloud: Cloud) -> None:
    ask(call, {**FIXED, "version": 0})
    before = cloud.contents("FactsTable")
    for version in (0, 2, 7):
        status, problem = ask(call, {"count": 3, "version": version})
        assert (status, problem["reason"], problem["version"]) == (409, "stale_version", 1)
    assert cloud.contents("FactsTable") == before


def test_of_two_at_once_one_wins(cloud: Cloud) -> None:
    table = BandsTable(cloud.table("FactsTable"))
    table.save(Bands(3), 0, "a", NOW)
    for bands, by in ((Bands(4), "a"), (Bands(3), "b")):
        with pytest.raises(Conflict):
            table.save(bands, 0, by, NOW)
    again = table.save(Bands(3), 0, "a", NOW + timedelta(hours=1))
    assert again == KeptBands(Bands(3), 1, "a", NOW), "as it was made"
    table.save(Bands(9), 1, "b", NOW)
    with pytest.raises(Conflict):
        table.save(Bands(3), 0, "a", NOW)


@pytest.mark.usefixtures("cloud")
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"recency": [7, 30]}, "recency"),
        ({"recency": [30, 30]}, "recency"),
        ({"frequency": [3, 2]}, "frequency"),
        ({"monetary": [5, 4], "currency": "CNY"}, "monetary"),
        ({"monetary": [100]}, "currency"),
        ({"currency": "CNY"}, "currency"),
    ],
)
def test_edges_that_say_nothing_are_refused(call: Call, cloud: Cloud, body: dict[str, Any], field: str) -> None:
    before = cloud.contents("FactsTable")
    status, problem = ask(call, {**body, "version": 0})
    assert (status, problem["reason"], problem["field"]) == (422, "bad_bands", field)
    assert cloud.contents("FactsTable") == before


@pytest.mark.usefixtures("cloud")
@pytest.mark.parametrize(
    "body",
    [
        {"count": 1},
        {"count": 11},
        {"recency": [-1]},
        {"recency": [1.5]},
        {"frequency": [0]},
        {"monetary": [-1], "currency": "CNY"},
        {"monetary": [1], "currency": "yuan"},
        {"frequency": [1, 2, 3, 4, 5]},
        {"segments": 8},
    ],
)
def test_what_is_no_edge_is_refused(call: Call, body: dict[str, Any]) -> None:
    assert ask(call, {**body, "version": 0})[0] == 422
    assert ask(call, {"count": 5})[0] == 422, "without what was read"


@pytest.mark.usefixtures("cloud")
def test_an_analyst_reads_and_an_operator_writes(call: Call) -> None:
    assert ask(call, {**FIXED, "version": 0}, caller=ANALYST)[0] == 403
    assert ask(call, caller=SUPPORT)[0] == 403
    assert ask(call)[1]["version"] == 0


# ----------------------------------------------------------------------------------------------------------- the night


def sold(number: int, buyer: str, channel: str = "site", days: int = 0) -> Fact:
    of, known = f"O{number}", {"currency": "CNY", "product": "PA", "line": 0, "quantity": 1, "amount": 1000}
    more: dict[str, Any] = {**known, "channel": channel, "buyer": buyer}
    return Fact(f"{of}#sold#0", "sold", START - timedelta(days=days), of, **more)


@pytest.fixture
def night(shore: Shore, monkeypatch: pytest.MonkeyPatch) -> Shore:
    chosen = ("rfm", "products", "channels")
    monkeypatch.setattr(daily, "REPORTS", tuple(report for report in REPORTS if report.name in chosen))
    shore.now = START + timedelta(hours=1)
    buyers = [("M1", 0), ("M1", 3), ("M2", 40), ("M3", 100)]
    shore.told(*(record(sold(number, buyer, days=days)) for number, (buyer, days) in enumerate(buyers)))
    shore.told(*(record(sold(number, f"R{number}", "wholesale")) for number in range(10, 14)))
    return shore


def rows(shore: Shore, report: str) -> list[dict[str, Any]]:
    found = shore.archive.results.newest(report, DAY)
    assert found
    assert found.rows is not None
    return [dict(zip(found.columns, row, strict=True)) for row in found.rows]


def test_the_next_night_scores_as_the_merchant_chose(night: Shore) -> None:
    night.nightly()
    equal = {row["buyer"]: row["r"] for row in rows(night, "rfm")}
    night.archive.bands.save(Bands(recency=(90, 30, 7, 1)), 0, "op", night.now)
    night.now += timedelta(minutes=1)
    assert night.nightly()["new"] == 1, "no other report goes by it"
    fixed = {row["buyer"]: row["r"] for row in rows(night, "rfm")}
    assert {buyer: fixed[buyer] for buyer in ("M1", "M2", "M3")} == {"M1": 5, "M2": 2, "M3": 1}
    assert fixed != equal
    night.now += timedelta(minutes=1)
    assert night.nightly()["new"] == 0
    daily.run(night.archive, night.engine, DAY)
    assert {row["buyer"]: row["r"] for row in rows(night, "rfm")} == fixed


def account(channel: str = "wholesale") -> Account:
    return Account(channel=channel, currency="CNY", created_at=NOW, updated_at=NOW)


def test_resellers_orders_tell_nothing_about_buyers_and_are_sales(night: Shore) -> None:
    night.nightly()
    assert len(rows(night, "rfm")) == 3 + 4
    products, (ours, theirs) = rows(night, "products"), rows(night, "channels")
    assert theirs["new_buyers"] == 4
    night.archive.accounts.open(account())
    night.now += timedelta(minutes=1)
    assert night.nightly()["new"] == 2
    assert {row["buyer"] for row in rows(night, "rfm")} == {"M1", "M2", "M3"}
    assert rows(night, "products") == products
    assert rows(night, "channels") == [ours, {**theirs, "buyers": 0, "new_buyers": 0}]


def test_an_account_that_may_buy_no_more_is_left_out_still(night: Shore) -> None:
    opened = night.archive.accounts.open(account())
    night.archive.accounts.save(opened, AccountTerms(enabled=False), NOW, "op")
    night.nightly()
    assert {row["buyer"] for row in rows(night, "rfm")} == {"M1", "M2", "M3"}


def test_each_account_has_its_channel(night: Shore) -> None:
    for channel in ("c2", "c0", "c1"):
        night.archive.accounts.open(account(channel))
    assert night.archive.accounts.channels() == ["c0", "c1", "c2"]
