"""The providers of a deployment: their settings, their secrets in two live versions, and the circuit breaker."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from aws_lambda_powertools.utilities.circuit_breaker import circuit_breaker as library
from botocore.exceptions import ClientError

from quanyi.errors import Busy, Conflict, Invalid, KeyReused
from quanyi.payments.breaker import FAILURES, RECOVERY_SECONDS, Breaker, Unasked
from quanyi.payments.port import Created, Forged, Intent, NoSuchProvider, NotMade, ProviderUnavailable, Unsent
from quanyi.payments.registry import Providers
from quanyi.payments.settings import ProviderSettings
from quanyi.payments.settings_table import CACHE_SECONDS as SETTINGS_SECONDS
from quanyi.payments.settings_table import ProviderSettingsTable
from quanyi.provider_secrets import CACHE_SECONDS, ProviderSecrets
from quanyi.secret import Secret
from tests.aws import till
from tests.aws.conftest import Cloud
from tests.aws.market import START
from tests.aws.till import GOOD, NEXT, Till

TOKENS = [character * 32 for character in "abcdef"]
INTENT = Intent("P0123456789ABCDEFGHJK00000000", 1999, "CNY", START, "x")


class Hands:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    till.forget()
    # What the library remembers of circuits for as long as its process lives.
    kept: Any = __import__(f"{library.__module__.rpartition('.')[0]}.base", fromlist=["base"])
    for counters in (kept._LOCAL_FAILURES, kept._LOCAL_SUCCESSES, kept._LAST_OBSERVED_STATE):
        counters.clear()
    yield
    till.forget()


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def secrets(cloud: Cloud, hands: Hands) -> ProviderSecrets:
    return ProviderSecrets("test/payments/", lambda: cloud.client("secretsmanager"), monotonic=hands)


@pytest.fixture
def table(cloud: Cloud, hands: Hands) -> ProviderSettingsTable:
    return ProviderSettingsTable(cloud.table("CatalogTable"), hands)


@pytest.fixture
def breaker(cloud: Cloud) -> Breaker:
    return Breaker(cloud.table("StatsTable").name, cloud.client("dynamodb"))


@pytest.fixture
def providers(table: ProviderSettingsTable, secrets: ProviderSecrets, breaker: Breaker) -> Providers:
    table.save(settings())
    secrets.write("till", values(GOOD), TOKENS[0])
    return Providers({}, table, secrets, breaker, {"till": till.KIND, "other": till.KIND})


def settings(version: int = 1, **terms: Any) -> ProviderSettings:
    return ProviderSettings(name="till", account={"shop": "s"}, version=version, updated_at=START, **terms)


def values(text: str) -> dict[str, Secret]:
    return {"till_key": Secret(text)}


def live(secrets: ProviderSecrets) -> list[str]:
    return [version["till_key"].reveal() for version in secrets.read("till", no_older_than=0.0)]


# Settings.


def test_settings_are_written_over_the_version_before(table: ProviderSettingsTable) -> None:
    assert table.every() == {}
    table.save(settings())
    table.save(settings(2, enabled=False))
    for stale in (settings(1), settings(2), settings(4)):
        with pytest.raises(Conflict) as refused:
            table.save(stale)
        assert refused.value.extra == {"reason": "stale_version", "version": 2}
    assert table.every()["till"] == settings(2, enabled=False)


def test_a_change_reaches_other_processes_within_seconds(table: ProviderSettingsTable, hands: Hands) -> None:
    other = ProviderSettingsTable(table.table, hands)
    table.save(settings())
    assert other.every()["till"].enabled
    table.save(settings(2, enabled=False))
    assert other.every()["till"].enabled
    assert not other.every(fresh=True)["till"].enabled
    table.save(settings(3))
    hands.at += SETTINGS_SECONDS
    assert other.every()["till"].version == 3


def test_a_newer_field_does_not_stop_an_older_function(table: ProviderSettingsTable) -> None:
    table.save(settings())
    table.table.update({"pk": "PAYMENT_PROVIDERS", "sk": "till"}, "SET shipping = :yes", yes="to be")
    assert table.every(fresh=True) == {"till": settings()}


# Secrets.


def test_two_versions_are_live(secrets: ProviderSecrets) -> None:
    assert live(secrets) == []
    seen: list[list[str]] = []
    for token, text in zip(TOKENS, (GOOD, NEXT, "third"), strict=False):
        assert secrets.write("till", values(text), token)
        seen.append(live(secrets))
    assert seen == [[GOOD], [NEXT, GOOD], ["third", NEXT]]


def test_the_same_again_twice_ends_the_version_before(secrets: ProviderSecrets) -> None:
    """How a secret that leaked is believed no more, without waiting for the next."""
    for token, text in zip(TOKENS, (GOOD, NEXT, NEXT), strict=False):
        secrets.write("till", values(text), token)
    assert live(secrets) == [NEXT, NEXT]


def test_a_repeated_write_changes_nothing(secrets: ProviderSecrets) -> None:
    for token, text in zip(TOKENS, (GOOD, NEXT), strict=False):
        secrets.write("till", values(text), token)
    assert secrets.write("till", values(NEXT), TOKENS[1])
    assert not secrets.write("till", values(GOOD), TOKENS[0]), "an older one stays the older one"
    assert live(secrets) == [NEXT, GOOD]
    with pytest.raises(KeyReused) as refused:
        secrets.write("till", values("third"), TOKENS[1])
    assert "third" not in str(refused.value)
    assert live(secrets) == [NEXT, GOOD]


def test_secrets_are_read_once_in_minutes(secrets: ProviderSecrets, cloud: Cloud, hands: Hands) -> None:
    writing = ProviderSecrets(secrets.prefix, secrets.client)
    writing.write("till", values(GOOD), TOKENS[0])
    first = secrets.read("till")
    writing.write("till", values(NEXT), TOKENS[1])
    hands.at += CACHE_SECONDS - 1
    assert secrets.read("till") is first
    assert [v["till_key"].reveal() for v in secrets.read("till", no_older_than=30.0)] == [NEXT, GOOD]


def test_first_secrets_hold_at_once(secrets: ProviderSecrets) -> None:
    """Another process has looked before there were any."""
    assert secrets.read("till") == ()
    ProviderSecrets(secrets.prefix, secrets.client).write("till", values(GOOD), TOKENS[0])
    assert [v["till_key"].reveal() for v in secrets.read("till")] == [GOOD]


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServiceError", "ResourceExistsException"])
def test_a_busy_vault_is_busy_and_tells_nothing(code: str) -> None:
    class Client:
        def __getattr__(self, operation: str) -> Callable[..., Any]:
            def refuse(**request: Any) -> Any:
                missing = operation == "get_secret_value" and code == "ResourceExistsException"
                answer = {"Error": {"Code": "ResourceNotFoundException" if missing else code, "Message": GOOD}}
                raise ClientError(answer, operation)  # type: ignore[arg-type]

            return refuse

    with pytest.raises(Busy) as busy:
        ProviderSecrets("p/", Client).write("till", values(GOOD), TOKENS[0])
    assert busy.value.__cause__ is None
    assert GOOD not in str(busy.value)


# The registry.


def test_a_provider_is_built_once_and_again_when_something_changed(
    providers: Providers, table: ProviderSettingsTable, secrets: ProviderSecrets
) -> None:
    first = providers.get("till")
    assert providers.get("till") is first
    assert providers.get("till", fresh=True) is first, "what was read anew is the same"
    secrets.write("till", values(NEXT), TOKENS[1])
    second = providers.get("till")
    table.save(settings(2, endpoint="https://psp.test"))
    third = providers.get("till")
    assert len({id(first), id(second), id(third)}) == 3
    newest = Till.built_with[-1]
    assert (newest.endpoint, [v["till_key"].reveal() for v in newest.secrets]) == ("https://psp.test", [NEXT, GOOD])


def test_changed_secrets_are_known_as_soon_as_the_settings_that_tell_of_them(
    providers: Providers, table: ProviderSettingsTable, secrets: ProviderSecrets
) -> None:
    """A process that goes on with the old ones could not read what the provider signs with its new key."""
    providers.get("till")
    elsewhere = ProviderSecrets(secrets.prefix, secrets.client)
    elsewhere.write("till", values(NEXT), TOKENS[1])
    providers.get("till")
    assert [v["till_key"].reveal() for v in Till.built_with[-1].secrets] == [GOOD]
    table.save(settings(2, credentials=TOKENS[1]))
    providers.get("till")
    assert [v["till_key"].reveal() for v in Till.built_with[-1].secrets] == [NEXT, GOOD]


def test_what_is_not_set_up_is_no_provider(
    providers: Providers, table: ProviderSettingsTable, secrets: ProviderSecrets
) -> None:
    with pytest.raises(NoSuchProvider):
        providers.get("other")
    table.save(settings().model_copy(update={"name": "other"}))
    with pytest.raises(NoSuchProvider):
        providers.get("other")
    secrets.write("other", values(GOOD), TOKENS[0])
    assert isinstance(providers.get("other", fresh=True), Till)


def test_one_that_is_switched_off_still_hears_and_refunds(providers: Providers, table: ProviderSettingsTable) -> None:
    assert {offer.provider for offer in providers.offers("site", "CNY", None)} == {"till"}
    table.save(settings(2, enabled=False))
    assert providers.offers("site", "CNY", None) == []
    with pytest.raises(NoSuchProvider):
        providers.choose("till", "", "site", "CNY")
    assert providers.get("till").name == "till"


# The circuit breaker.


def fail(breaker: Breaker, times: int, fault: Exception | None = None) -> None:
    def call() -> Created:
        raise fault or ProviderUnavailable("down")

    for _ in range(times):
        with pytest.raises(type(fault) if fault else ProviderUnavailable):
            breaker.guard("till", call)


def later(monkeypatch: pytest.MonkeyPatch, cloud: Cloud, breaker: Breaker) -> Breaker:
    """Another process, when the provider may be asked again."""
    item = cloud.table("StatsTable").get({"pk": "CIRCUITS", "sk": "payments:till"})
    assert item
    back = item["opened_at"] - RECOVERY_SECONDS - 1
    cloud.table("StatsTable").update({"pk": "CIRCUITS", "sk": "payments:till"}, "SET opened_at = :at", at=back)
    return Breaker(breaker.table, breaker.client)


def test_a_provider_that_keeps_failing_is_left_alone(breaker: Breaker, providers: Providers) -> None:
    fail(breaker, FAILURES - 1)
    assert breaker.closed("till")
    fail(breaker, 1)
    asked: list[int] = []
    with pytest.raises(Unasked):
        breaker.guard("till", lambda: asked.append(1))
    assert asked == []
    assert not breaker.closed("till")
    elsewhere = Breaker(breaker.table, breaker.client)
    assert not elsewhere.closed("till"), "other processes know"
    assert breaker.closed("other")
    assert breaker.guard("other", lambda: 7) == 7
    assert {(o.provider, o.available) for o in providers.offers("site", "CNY", None)} == {("till", False)}


def test_it_is_tried_again_and_one_success_closes_the_circuit(
    breaker: Breaker, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(breaker, FAILURES)
    again = later(monkeypatch, cloud, breaker)
    assert again.closed("till"), "selectable again, so that somebody tries"
    fail(again, 1)
    assert not Breaker(breaker.table, breaker.client).closed("till"), "it still fails"
    again = later(monkeypatch, cloud, breaker)
    assert again.guard("till", lambda: 7) == 7
    assert Breaker(breaker.table, breaker.client).closed("till")


def test_refusals_are_no_failures_and_a_success_forgets_failures(breaker: Breaker) -> None:
    fail(breaker, FAILURES + 1, Invalid("too little"))
    fail(breaker, FAILURES + 1, Forged("no"))
    fail(breaker, FAILURES - 1)
    breaker.guard("till", lambda: 7)
    fail(breaker, FAILURES - 1)
    assert breaker.closed("till")


def test_a_clear_refusal_closes_the_circuit_and_our_own_does_not(
    breaker: Breaker, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(breaker, FAILURES)
    again = later(monkeypatch, cloud, breaker)
    fail(again, 1, Unsent("not even sent"))
    assert not Breaker(breaker.table, breaker.client).closed("till"), "whoever tries has not heard yet"
    fail(again, 1, NotMade("too little"))
    assert Breaker(breaker.table, breaker.client).closed("till")


def test_while_one_tries_the_others_are_told_that_it_is_not_available(
    breaker: Breaker, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(breaker, FAILURES)
    again = later(monkeypatch, cloud, breaker)
    seen = again.guard("till", lambda: Breaker(breaker.table, breaker.client).closed("till"))
    assert not seen
    assert Breaker(breaker.table, breaker.client).closed("till")


def test_what_only_signs_an_address_is_neither_held_back_nor_counted(providers: Providers, breaker: Breaker) -> None:
    Till.silent = True
    provider = providers.get("till")
    for _ in range(FAILURES):
        with pytest.raises(ProviderUnavailable):
            providers.create(provider, replace(INTENT, method="coins"))
    alone = tuple(replace(method, asks_nobody=method.name == "notes") for method in till.KIND.methods)
    signing = replace(providers, kinds={"till": replace(till.KIND, methods=alone)})
    assert [(o.method.name, o.available) for o in signing.offers("site", "CNY", None)] == [
        ("coins", False),
        ("notes", True),
    ]
    Till.silent = False
    made = Till()
    assert signing.create(made, replace(INTENT, method="notes")).action
    with pytest.raises(Unasked):
        signing.create(made, replace(INTENT, method="coins"))


def test_a_state_that_cannot_be_read_stops_no_payment(breaker: Breaker, cloud: Cloud) -> None:
    broken = Breaker("no-such-table", cloud.client("dynamodb"))
    assert broken.closed("till")
    assert broken.guard("till", lambda: 7) == 7
    fail(broken, FAILURES + 1)


def test_only_starting_a_payment_is_guarded(providers: Providers) -> None:
    Till.silent = True
    provider = providers.get("till")
    for _ in range(FAILURES):
        with pytest.raises(ProviderUnavailable):
            providers.create(provider, INTENT)
    with pytest.raises(Unasked):
        providers.create(provider, INTENT)
    at_home = replace(providers, fixed={"till": provider})
    with pytest.raises(ProviderUnavailable) as down:
        at_home.create(provider, INTENT)
    assert not isinstance(down.value, Unasked)
    assert provider.refund_gap == timedelta(0)
    assert providers.get("till") is provider
