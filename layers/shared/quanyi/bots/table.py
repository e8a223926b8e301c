"""Bots' settings in the catalogue table: `BOTS` / name."""

from dataclasses import dataclass

from quanyi.bots.settings import BotSettings
from quanyi.errors import Conflict, NotFound
from quanyi.table import ConditionFailed, Table


@dataclass(frozen=True)
class BotsTable:
    table: Table

    def get(self, name: str) -> BotSettings:
        """Raises NotFound."""
        item = self.table.get({"pk": "BOTS", "sk": name})
        if item is None:
            raise NotFound("bot")
        return BotSettings.model_validate(item)

    def every(self) -> list[BotSettings]:
        items = self.table.query_all("pk = :pk", pk="BOTS", consistent=True)
        return [BotSettings.model_validate(item) for item in items]

    def save(self, settings: BotSettings) -> None:
        """Writes `settings.version` over the one before it. Raises Conflict (`stale_version`)."""
        item = {"pk": "BOTS", "sk": settings.name, "v": 1, **settings.model_dump(mode="json", exclude_none=True)}
        try:
            if settings.version == 1:
                self.table.put(item, condition="attribute_not_exists(pk)")
            else:
                self.table.put(item, condition="version = :before", before=settings.version - 1)
        except ConditionFailed as failed:
            now = failed.item.get("version", 0)
            raise Conflict("Somebody else changed this meanwhile.", reason="stale_version", version=now) from None
