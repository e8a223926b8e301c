"""Setting a payment provider up: its settings first (not enabled), its credentials, a test, then `enabled`.

Settings are in the catalogue table with who changed them; secrets are in Secrets Manager alone, two versions live.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from quanyi.callers import Caller
from quanyi.errors import Busy, Conflict, Invalid, NotFound
from quanyi.ids import base32
from quanyi.orders.numbers import payment_number
from quanyi.payments.access import Access
from quanyi.payments.port import Captured, Try
from quanyi.payments.registry import Kind, access_of
from quanyi.payments.settings import ProviderSettings, ProviderTerms
from quanyi.provider_secrets import Versions
from quanyi.secret import Secret
from treasury.wiring import Treasury

LONG_AGO = timedelta(days=3650)
"""When the payment of a test was made: no provider can think that it is still on its way, and a provider that searches
by time has nothing to read there."""
_PLAIN_STAGES = ("local", "dev")


@dataclass(frozen=True)
class Standing:
    """A kind of provider, and how it is set up. `live` are the names of each live version of its secrets."""

    name: str
    kind: Kind
    settings: ProviderSettings | None
    live: Sequence[tuple[str, ...]]
    available: bool

    @property
    def set_up(self) -> bool:
        return self.settings is not None and bool(self.live)


@dataclass(frozen=True)
class Tried:
    name: str
    works: bool
    answer: str


def every(treasury: Treasury) -> list[Standing]:
    """Every kind that there is, set up or not."""
    known = treasury.settings.every(fresh=True)
    return [_standing(treasury, name, known.get(name)) for name in sorted(treasury.kinds)]


def save_terms(treasury: Treasury, caller: Caller, name: str, version: int, terms: ProviderTerms) -> Standing:
    """Replaces the settings that were last read as `version`. The same again answers what it made.

    Raises NotFound, Invalid (`errors` names the fields), Conflict (`stale_version`, `credentials_missing`).
    """
    kind = _kind(treasury, name)
    if wrong := list(_wrong_terms(treasury, kind, terms)):
        raise Invalid("These settings do not fit this provider.", errors=wrong)
    known = treasury.settings.every(fresh=True).get(name)
    if known and (known.version, known.terms, known.changed_by) == (version + 1, terms, caller.name):
        return _standing(treasury, name, known)
    live = treasury.secrets.read(name, no_older_than=0.0) if terms.reports_delivery else ()
    _must_report(kind, terms, *live[:1])
    if terms.enabled:
        newest = _live(treasury, name)[:1]
        kind.check(Access(account=terms.account, secrets=newest, endpoint=terms.endpoint))
    kept = known.model_dump() if known else {"name": name}
    changed = {"version": version + 1, "updated_at": treasury.now(), "changed_by": caller.name}
    after = ProviderSettings.model_validate(kept | terms.model_dump() | changed)
    treasury.settings.save(after)
    return _standing(treasury, name, after)


def save_secrets(treasury: Treasury, caller: Caller, name: str, key: str, values: Mapping[str, Secret]) -> Standing:
    """Makes `values` what we sign with; the version before stays live. Once for each `key`.

    Raises NotFound, Conflict (`not_set_up`), Invalid (they cannot be this provider's), KeyReused, Busy.
    """
    kind = _kind(treasury, name)
    known = _settings(treasury, name)
    missing = [field for field in kind.secrets if field not in values]
    if missing or not values.keys() <= {*kind.secrets, *kind.more_secrets}:
        # What was sent instead is not repeated: it could be a value.
        wanted = ", ".join((*kind.secrets, *(f"{more} (optional)" for more in kind.more_secrets)))
        errors = [{"field": f"secrets.{field}", "code": "missing", "message": "is missing"} for field in missing]
        raise Invalid(f"This provider's secrets are: {wanted}.", reason="credentials_invalid", errors=errors)
    _must_report(kind, known.terms, values)
    # Only the new ones: those before may be of another account, which `values` and the settings have left.
    kind.check(Access(account=known.account, secrets=(values,), endpoint=known.endpoint))
    token = hashlib.sha256(f"{name}\x1f{caller.key_id}\x1f{key}".encode()).hexdigest()
    if treasury.secrets.write(name, values, token):
        known = _stamped(treasury, caller, name, token)
    return _standing(treasury, name, known)


def try_out(treasury: Treasury, name: str) -> Tried:
    """Asks the provider about a payment that cannot exist: whoever knows that, has accepted our signature.

    Raises NotFound, Conflict (`not_set_up`, `credentials_missing`).
    """
    kind = _kind(treasury, name)
    provider = kind.build(access_of(_settings(treasury, name), _live(treasury, name)))
    nobodys = payment_number(f"O{base32(treasury.draw(13))[:20]}", name, "test")
    made_at = treasury.now() - LONG_AGO
    asked = Try(nobodys, 1, min(kind.currencies), made_at, method=kind.methods[0].name)
    answer = provider.query(asked)
    if isinstance(answer, Captured):  # not possible, but then it works
        return Tried(name, works=True, answer="captured")
    return Tried(name, works=answer != "unknown", answer=answer)


def _must_report(kind: Kind, terms: ProviderTerms, *secrets: Mapping[str, Secret]) -> None:
    """A provider that holds the money until it hears of a delivery can be told of it: with what was entered, if
    anything was. Raises Invalid."""
    missing = [field for field in kind.reporting_secrets for values in secrets if field not in values]
    if terms.reports_delivery and missing:
        told = "is missing for `reports_delivery`"
        errors = [{"field": f"secrets.{field}", "code": "missing", "message": told} for field in missing]
        raise Invalid("Deliveries cannot be reported without these.", reason="credentials_invalid", errors=errors)


def _kind(treasury: Treasury, name: str) -> Kind:
    if name not in treasury.kinds:
        raise NotFound("payment provider")
    return treasury.kinds[name]


def _settings(treasury: Treasury, name: str) -> ProviderSettings:
    known = treasury.settings.every(fresh=True).get(name)
    if known is None:
        raise Conflict("Save the provider's settings first.", reason="not_set_up")
    return known


def _live(treasury: Treasury, name: str) -> Versions:
    live = treasury.secrets.read(name, no_older_than=0.0)
    if not live:
        raise Conflict("Save the provider's credentials first.", reason="credentials_missing")
    return live


def _standing(treasury: Treasury, name: str, settings: ProviderSettings | None) -> Standing:
    live = treasury.secrets.read(name, no_older_than=0.0) if settings else ()
    names = [tuple(sorted(version)) for version in live]
    return Standing(name, treasury.kinds[name], settings, names, treasury.breaker.closed(name))


def _stamped(treasury: Treasury, caller: Caller, name: str, token: str) -> ProviderSettings:
    """Notes on the settings who changed the secrets, whatever else is being changed about them."""
    for _ in range(5):
        known = _settings(treasury, name)
        if known.credentials == token:
            return known
        now = treasury.now()
        stamp = {"credentials": token, "credentials_changed_at": now, "credentials_changed_by": caller.name}
        after = known.model_copy(update={"version": known.version + 1, "updated_at": now, **stamp})
        try:
            treasury.settings.save(after)
        except Conflict:
            continue
        return after
    raise Busy("The settings are being changed.")


def _wrong_terms(treasury: Treasury, kind: Kind, terms: ProviderTerms) -> Iterator[dict[str, str]]:
    """What does not fit, by field; never a value: somebody may have entered a secret where it does not belong."""
    methods = [method.name for method in kind.methods]
    if not {*terms.methods} <= {*methods}:
        yield {"field": "methods", "code": "unknown_option", "message": f"there are: {', '.join(methods)}"}
    if not {*terms.currencies} <= kind.currencies:
        yield {
            "field": "currencies",
            "code": "unknown_option",
            "message": f"there are: {', '.join(sorted(kind.currencies))}",
        }
    yield from (
        {"field": f"account.{name}", "code": "missing", "message": "is missing"}
        for name in kind.account
        if not terms.account.get(name)
    )
    if not terms.account.keys() <= {*kind.account, *kind.more_account}:
        known = ", ".join((*kind.account, *kind.more_account))
        told = f"holds only: {known}; secrets go to `credentials`"
        yield {"field": "account", "code": "unknown_option", "message": told}
    if any("PRIVATE KEY" in value for value in terms.account.values()):
        yield {"field": "account", "code": "secret_misplaced", "message": "a private key goes to `credentials`"}
    if treasury.stage in _PLAIN_STAGES:
        return
    if terms.endpoint and not terms.endpoint.startswith("https://"):
        yield {"field": "endpoint", "code": "https_needed", "message": "must be https"}
    yield from (
        {"field": f"account.{name}", "code": "https_needed", "message": "must be https"}
        for name in (*kind.account, *kind.more_account)
        if terms.account.get(name, "").startswith("http://")
    )
