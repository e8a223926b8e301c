"""Payment providers' settings in the catalogue table: `PAYMENT_PROVIDERS` / name."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from quanyi.errors import Conflict
from quanyi.payments.settings import ProviderSettings
from quanyi.table import ConditionFailed, Table

CACHE_SECONDS = 30.0


@dataclass(frozen=True)
class ProviderSettingsTable:
    """`every` is cached for seconds: a changed setting reaches all processes within that time."""

    table: Table
    monotonic: Callable[[], float] = time.monotonic
    _cache: dict[str, tuple[float, dict[str, ProviderSettings]]] = field(
        default_factory=dict[str, tuple[float, dict[str, ProviderSettings]]], repr=False, compare=False
    )

    def every(self, *, fresh: bool = False) -> dict[str, ProviderSettings]:
        """By name; those that were never set up are not there."""
        known = self._cache.get("every")
        if known and not fresh and self.monotonic() - known[0] < CACHE_SECONDS:
            return known[1]
        items = self.table.query_all("pk = :pk", pk="PAYMENT_PROVIDERS", consistent=fresh)
        found = {item["name"]: ProviderSettings.model_validate(item) for item in items}
        self._cache["every"] = (self.monotonic(), found)
        return found

    def save(self, settings: ProviderSettings) -> None:
        """Writes `settings.version` over the one before it. Raises Conflict (`stale_version`) when somebody else was
        faster."""
        item = {
            "pk": "PAYMENT_PROVIDERS",
            "sk": settings.name,
            "v": 1,
            **settings.model_dump(mode="json", exclude_none=True),
        }
        try:
            if settings.version == 1:
                self.table.put(item, condition="attribute_not_exists(pk)")
            else:
                self.table.put(item, condition="version = :before", before=settings.version - 1)
        except ConditionFailed as failed:
            now = failed.item.get("version", 0)
            raise Conflict("Somebody else changed this meanwhile.", reason="stale_version", version=now) from None
        self._cache.pop("every", None)
