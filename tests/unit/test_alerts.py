"""What is told of an alert, and what is not: by the rules alone."""

from datetime import UTC, datetime, timedelta
from itertools import product
from string import Template
from typing import Any

import pytest
from pydantic import ValidationError

from quanyi.alerts.changes import FLAPPING, REMIND_AFTER, acknowledged, raised, recovered
from quanyi.alerts.facts import AMOUNTS, NEEDED, READINGS, TEXTS
from quanyi.alerts.kinds import KINDS, SEVERITIES, AlertKind, Severity, alert_id, parts_of
from quanyi.alerts.model import Alert, Finding
from quanyi.alerts.telling import events_of_alert
from quanyi.alerts.texts import EXPLANATIONS, NEXT_STEPS, TITLES, explained, subject_text
from quanyi.errors import Conflict
from quanyi.mail.model import LANGUAGES

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ZONE = "Asia/Shanghai"


def low(left: int = 3, severity: Severity = "warning") -> Finding:
    facts: dict[str, int | str] = {"left": left, "reorder_at": 10}
    return Finding(kind="stock_low", subject="music#shared", severity=severity, facts=facts)


class Watch:
    """An alert's life; `told` are the events of its writes."""

    def __init__(self) -> None:
        self.alert: Alert | None = None
        self.now = NOW
        self.told: list[str] = []
        self.ids: list[str] = []

    def _became(self, new: Alert | None) -> bool:
        if new is None:
            return False
        assert new.rev == (self.alert.rev if self.alert else 0) + 1
        for event in events_of_alert(self.alert, new, self.now):
            name = type(event).__name__
            self.told.append(getattr(event, "why", name))
            self.ids.append(event.id)
        self.alert = Alert.model_validate_json(new.model_dump_json())
        return True

    def sees(self, found: Finding, after: timedelta = timedelta()) -> bool:
        self.now += after
        return self._became(raised(self.alert, found, self.now))

    def sees_the_end(self, after: timedelta = timedelta()) -> bool:
        self.now += after
        return self._became(recovered(self.alert, self.now))


def test_it_is_told_once_however_often_it_is_seen() -> None:
    watch = Watch()
    assert watch.sees(low())
    for _ in range(20):
        assert not watch.sees(low(), after=5 * MINUTE)
    assert watch.told == ["opened", "StockLow"]


def test_its_numbers_follow_untold() -> None:
    watch = Watch()
    watch.sees(low(3))
    assert watch.sees(low(2), after=MINUTE)
    assert watch.alert
    assert watch.alert.facts["left"] == 2
    assert watch.told == ["opened", "StockLow"]


def test_worse_is_told_at_once_and_less_is_not() -> None:
    watch = Watch()
    watch.sees(low())
    watch.sees(low(0, "critical"), after=MINUTE)
    watch.sees(low(3, "warning"), after=MINUTE)
    watch.sees(low(0, "critical"), after=MINUTE)
    assert watch.told == ["opened", "StockLow", "worse", "StockLow"]
    assert watch.alert
    assert watch.alert.severity == "critical"


def test_a_day_later_it_is_told_again_unless_somebody_has_seen_it() -> None:
    watch = Watch()
    watch.sees(low())
    assert not watch.sees(low(), after=REMIND_AFTER - MINUTE)
    watch.sees(low(), after=MINUTE)
    assert watch.told[2:] == ["reminder"]
    assert watch.alert
    watch.alert = acknowledged(watch.alert, "operator:K1", watch.now)
    assert not watch.sees(low(), after=3 * REMIND_AFTER)
    watch.sees(low(0, "critical"), after=MINUTE)
    assert watch.told[3:] == ["worse", "StockLow"]
    assert watch.alert
    assert watch.alert.seen_by == ""


def test_the_end_is_told_once() -> None:
    watch = Watch()
    assert not watch.sees_the_end()
    watch.sees(low())
    assert watch.sees_the_end(after=MINUTE)
    assert not watch.sees_the_end(after=MINUTE)
    assert watch.told == ["opened", "StockLow", "AlertRecovered"]


def test_what_comes_back_soon_is_open_but_untold() -> None:
    watch = Watch()
    watch.sees(low())
    watch.sees_the_end(after=MINUTE)
    for _ in range(10):
        assert watch.sees(low(), after=10 * MINUTE)
        assert watch.alert
        assert watch.alert.is_open
        watch.sees_the_end(after=10 * MINUTE)
    assert watch.told == ["opened", "StockLow", "AlertRecovered"]


def test_what_comes_back_and_stays_is_told() -> None:
    watch = Watch()
    watch.sees(low())
    watch.sees_the_end(after=MINUTE)
    watch.sees(low(), after=10 * MINUTE)
    assert not watch.sees(low(), after=19 * MINUTE)
    watch.sees(low(), after=MINUTE)
    watch.sees_the_end(after=MINUTE)
    assert watch.told[3:] == ["opened", "StockLow", "AlertRecovered"]


def test_what_comes_back_worse_is_told_at_once() -> None:
    watch = Watch()
    watch.sees(low())
    watch.sees_the_end(after=MINUTE)
    watch.sees(low(0, "critical"), after=MINUTE)
    assert watch.told[3:] == ["opened", "StockLow"]


def test_what_comes_back_later_is_told_again_whatever_was_told_before() -> None:
    watch = Watch()
    watch.sees(low(0, "critical"))
    watch.sees_the_end(after=MINUTE)
    watch.sees(low(), after=FLAPPING)
    assert watch.told[3:] == ["opened", "StockLow"]
    watch.sees(low(0, "critical"), after=MINUTE)
    assert watch.told[5:] == ["worse", "StockLow"]


def test_what_flaps_for_a_day_is_told_again() -> None:
    watch = Watch()
    watch.sees(low())
    for _ in range(100):
        watch.sees_the_end(after=10 * MINUTE)
        watch.sees(low(), after=10 * MINUTE)
        watch.sees(low(), after=MINUTE)
    assert watch.told.count("reminder") == 1


def test_what_was_seen_before_the_last_change_is_no_news() -> None:
    late, watch = NOW + MINUTE, Watch()
    watch.sees(low())
    watch.sees_the_end(after=2 * MINUTE)
    assert raised(watch.alert, low(), late) is None
    watch.sees(low(2), after=2 * MINUTE)
    assert recovered(watch.alert, late) is None
    assert raised(watch.alert, low(1), late) is None


def test_a_watcher_that_runs_again_leaves_the_same_behind() -> None:
    watch = Watch()
    watch.sees(low())
    assert not watch.sees(low())
    watch.sees_the_end()
    assert not watch.sees_the_end()
    assert not watch.sees(low())  # the first step of the same run, once more


def test_the_first_who_says_that_they_know_counts_and_nobody_can_once_it_is_over() -> None:
    watch = Watch()
    watch.sees(low())
    assert watch.alert
    seen = acknowledged(watch.alert, "operator:K1", NOW)
    assert seen
    assert (seen.seen_by, seen.seen_at) == ("operator:K1", NOW)
    assert acknowledged(seen, "operator:K2", NOW + MINUTE) is None
    watch.sees_the_end(after=MINUTE)
    with pytest.raises(Conflict):
        acknowledged(watch.alert, "operator:K1", watch.now)


def test_every_event_of_a_life_has_an_id_of_its_own_that_lasts() -> None:
    lives = [Watch(), Watch()]
    for watch in lives:
        for _ in range(5):
            watch.sees(low(), after=FLAPPING)
            watch.sees(low(0, "critical"))  # in the same second
            watch.sees_the_end(after=MINUTE)
    assert lives[0].ids == lives[1].ids
    assert len({*lives[0].ids}) == len(lives[0].ids) == 25


@pytest.mark.parametrize(
    "facts",
    [
        {"left": 3},
        {"left": 3, "reorder_at": "10"},
        {"left": True, "reorder_at": 10},
        {"left": 3, "reorder_at": 10, "colour": 1},
        {"left": 3, "reorder_at": 10, "cost": 100},
        {"left": 3, "reorder_at": 10, "reason": "x" * 201},
        {"left": 3, "reorder_at": 10, "sent_at": "yesterday"},
    ],
)
def test_a_finding_tells_its_numbers(facts: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Finding(kind="stock_low", subject="music", severity="warning", facts=facts)


def facts_of(names: set[str]) -> dict[str, int | str]:
    texts = {"sent_at": "2026-11-23T04:00:00.000Z", "currency": "CNY"}
    return {name: texts.get(name, f"some-{name}") if name in TEXTS else 1234 for name in names}


@pytest.mark.parametrize(("kind", "language"), [*product(KINDS, LANGUAGES)])
def test_every_kind_explains_itself_with_what_it_needs_and_more_with_more(kind: AlertKind, language: Any) -> None:
    needed = facts_of({*NEEDED[kind]})
    Finding(kind=kind, subject="x", severity="info", facts=needed)
    least = explained(kind, needed, language, ZONE)
    most = explained(kind, facts_of({*READINGS}), language, ZONE)
    assert least
    assert len(most) == len(EXPLANATIONS[language][kind])
    assert not any("$" in sentence for sentence in most)
    assert TITLES[language][kind]
    assert NEXT_STEPS[language][kind]
    # Both languages tell the same numbers.
    used = {name for text in EXPLANATIONS[language][kind] for name in Template(text).get_identifiers()}
    assert used == {name for text in EXPLANATIONS["en"][kind] for name in Template(text).get_identifiers()}
    assert used <= {*READINGS}
    assert {*NEEDED[kind]} - used <= {"currency"}


def test_numbers_are_read_as_they_are_meant() -> None:
    facts: dict[str, int | str] = {"supplier": "fulu", "balance": -1999, "least_balance": 100_000, "currency": "CNY"}
    facts |= {"days": 35}
    told = explained("balance_low", facts, "en", ZONE)
    assert told == (
        "The balance with supplier fulu is -19.99 CNY, below 1000.00 CNY.",
        "At the present rate it lasts for about 3.5 days.",
    )
    facts = {"supplier": "fulu", "calls": 20, "hours": 1, "success": 8550, "least_success": 9000}
    assert "成功率 85.5%，低于 90%" in explained("supplier_failing", facts, "zh-CN", ZONE)[0]
    facts = {"purchase": "P1", "supplier": "fulu", "sku": "music", "quantity": 5, "sent_at": "2026-11-23T04:00:00Z"}
    assert "2026-11-23 12:00" in explained("purchase_unknown", facts, "zh-CN", ZONE)[0]
    assert {*READINGS} >= AMOUNTS


def test_an_alerts_id_tells_what_it_is_about() -> None:
    for kind, subject in product(KINDS, ("a", "a#b", "A.b_c-d#site", "P0#x#y")):
        made = alert_id(kind, subject)
        assert parts_of(made) == (kind, subject)
        assert "/" not in made
        assert "#" not in made
    assert subject_text("music#shared", "zh-CN") == "music · 共享库存"
    assert SEVERITIES == ("info", "warning", "critical")
