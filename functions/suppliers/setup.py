"""Setting a supplier up: its terms first (not enabled), its credentials, its balance as a test, then `enabled`.

Terms are in the supply table with who changed them; secrets are in Secrets Manager alone, two versions live.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from quanyi.errors import Busy, Conflict, Invalid, NotFound
from quanyi.money import Money
from quanyi.provider_secrets import Versions
from quanyi.secret import Secret
from quanyi.supply.health import Health
from quanyi.supply.model import Supplier, SupplierTerms
from quanyi.supply.port import NoAnswer, NotOffered
from quanyi.supply.registry import Adapter, missing
from suppliers.wiring import Room

_PLAIN_STAGES = ("local", "dev")


@dataclass(frozen=True)
class Standing:
    """A supplier and how it is set up. `live` are the names of each live version of its secrets."""

    supplier: Supplier
    adapter: Adapter | None
    live: tuple[tuple[str, ...], ...]
    lacking: tuple[str, ...]


@dataclass(frozen=True)
class Record:
    """A supplier's health over the days that count, and day by day."""

    whole: Health
    days: Mapping[str, Health]


def standing(room: Room, supplier: Supplier) -> Standing:
    live = room.secrets.read(supplier.id) if supplier.credentials else ()
    names = tuple(tuple(sorted(version)) for version in live)
    return Standing(supplier, room.adapters.get(supplier.adapter), names, tuple(missing(supplier, live)))


def save_terms(
    room: Room, by: str, supplier_id: str, version: int, terms: SupplierTerms, notify_url: str = ""
) -> Supplier:
    """Replaces the terms that were last read as `version` (0: there were none). The same again answers what it made.
    `notify_url` is where the supplier's callbacks reach this very deployment.

    Raises Invalid (`errors` names the fields), Conflict (`stale_version`, `credentials_missing`, `currency_fixed`).
    """
    adapter = room.adapters.get(terms.adapter)
    if adapter is None:
        raise Invalid("There is no such adapter.", errors=[{"field": "adapter", "message": "is unknown"}])
    if wrong := list(_wrong_terms(room, adapter, terms)):
        raise Invalid("These settings do not fit this supplier.", errors=wrong)
    known = _kept(room, supplier_id)
    if known and (known.version, known.terms, known.changed_by) == (version + 1, terms, by):
        return known
    if known and known.currency != terms.currency and room.offers.of_supplier(supplier_id, limit=1).items:
        raise Conflict("The costs of its offers are in its currency: remove them first.", reason="currency_fixed")
    now = room.now()
    kept = known.model_dump() if known else {"id": supplier_id, "created_at": now}
    changed = {"version": version + 1, "updated_at": now, "changed_by": by, "notify_url": notify_url}
    after = Supplier.model_validate(kept | terms.model_dump() | changed)
    if terms.enabled:
        _must_be_set_up(room, after)
    return room.suppliers.save(after)


def switch(room: Room, by: str, supplier_id: str, enabled: bool, tries: int = 5) -> Supplier:
    """On or off means the same whoever else is changing it. Raises NotFound, Conflict (`credentials_missing`), Busy."""
    for _ in range(tries):
        known = room.suppliers.get(supplier_id)
        if known.enabled == enabled:
            return known
        if enabled:
            _must_be_set_up(room, known)
        changed = {"enabled": enabled, "version": known.version + 1, "updated_at": room.now(), "changed_by": by}
        try:
            return room.suppliers.save(known.model_copy(update=changed))
        except Conflict:
            continue
    raise Busy("The supplier is being changed.")


def save_secrets(
    room: Room, by: str, key_id: str, supplier_id: str, key: str, values: Mapping[str, Secret]
) -> Supplier:
    """Makes `values` what we sign with; the version before stays live. Once for each `key`.

    Raises NotFound, Invalid (they cannot be this supplier's), KeyReused, Busy.
    """
    known = room.suppliers.get(supplier_id)
    adapter = room.adapters.get(known.adapter)
    wanted = adapter.secrets if adapter else ()
    lacking = [name for name in wanted if not values.get(name)]
    if lacking or not values.keys() <= {*wanted}:
        # What was sent instead is not repeated: it could be a value.
        errors = [{"field": f"secrets.{name}", "message": "is missing"} for name in lacking]
        raise Invalid(f"This supplier's secrets are: {', '.join(wanted)}.", reason="credentials_invalid", errors=errors)
    token = hashlib.sha256(f"{supplier_id}\x1f{key_id}\x1f{key}".encode()).hexdigest()
    if room.secrets.write(supplier_id, values, token) and known.credentials != token:
        return room.suppliers.note_credentials(supplier_id, token, by, room.now())
    return known


def ask_balance(room: Room, supplier: Supplier) -> Supplier:
    """Asks now, notes the answer, and raises or ends the alert. Raises Conflict (`credentials_missing`), NotOffered,
    NoAnswer (also for another currency than the supplier's)."""
    shop = room.reach(supplier)
    if "balance" not in shop.abilities:
        raise NotOffered("This supplier does not tell a balance.")
    told: Money = shop.balance()
    if told.currency != supplier.currency:
        raise NoAnswer("The supplier counts in another currency than its settings say.", reason="other_currency")
    noted = room.suppliers.note_balance(supplier.id, told.amount, room.now())
    room.watch.balance(noted)
    return noted


def record(room: Room, supplier_id: str) -> Record:
    """Raises NotFound."""
    room.suppliers.get(supplier_id)
    days = room.health.days(supplier_id, room.today)
    sums = {name: sum(getattr(day, name) for day in days.values()) for name in Health.model_fields}
    return Record(Health(**sums), days)


def _must_be_set_up(room: Room, supplier: Supplier) -> None:
    live: Versions = room.secrets.read(supplier.id, no_older_than=0.0)
    if lacking := missing(supplier, live):
        raise Conflict("It is enabled once it can be asked.", reason="credentials_missing", missing=lacking)


def _kept(room: Room, supplier_id: str) -> Supplier | None:
    try:
        return room.suppliers.get(supplier_id)
    except NotFound:
        return None


def _wrong_terms(room: Room, adapter: Adapter, terms: SupplierTerms) -> Iterator[dict[str, str]]:
    """What does not fit, by field; never a value: somebody may have entered a secret where it does not belong."""
    yield from (
        {"field": f"account.{name}", "message": "is missing"} for name in adapter.account if not terms.account.get(name)
    )
    if not terms.account.keys() <= {*adapter.account, *adapter.more_account}:
        known = ", ".join((*adapter.account, *adapter.more_account))
        yield {"field": "account", "message": f"holds only: {known}; secrets go to `credentials`"}
    if room.stage not in _PLAIN_STAGES and not terms.endpoint.startswith("https://"):
        yield {"field": "endpoint", "message": "must be https"}
