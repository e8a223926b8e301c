"""How RFM is scored, on the facts table (`choices.table`):

RFM_BANDS   000001
"""

from dataclasses import asdict, dataclass
from datetime import datetime

from quanyi.analytics.customers import Bands
from quanyi.choices.table import Choice, ChoicesTable
from quanyi.table import Item, Table

BANDS = "RFM_BANDS"


@dataclass(frozen=True)
class KeptBands:
    """`by` is the caller that wrote it, by name; empty for what there is before anybody wrote any: version 0."""

    bands: Bands
    version: int = 0
    by: str = ""
    at: datetime | None = None

    @classmethod
    def of(cls, choice: Choice[Bands]) -> "KeptBands":
        return cls(choice.chosen, choice.version, choice.by, choice.at)


@dataclass(frozen=True)
class BandsTable:
    """`table` is the facts table."""

    table: Table

    def newest(self) -> KeptBands:
        """Read consistently."""
        return KeptBands.of(self._choices.newest())

    def history(self, most: int) -> list[KeptBands]:
        """The last versions, the newest first; at least one."""
        return [KeptBands.of(choice) for choice in self._choices.history(most)]

    def save(self, bands: Bands, seen: int, by: str, now: datetime) -> KeptBands:
        """Writes the version after the one that was `seen`; the same again is answered as made. Raises Conflict
        (`stale_version`)."""
        return KeptBands.of(self._choices.save(bands, seen, by, now))

    @property
    def _choices(self) -> ChoicesTable[Bands]:
        return ChoicesTable(self.table, BANDS, Bands(), asdict, _bands)


def _bands(item: Item) -> Bands:
    edges = {name: tuple(int(edge) for edge in item[name]) for name in ("recency", "frequency", "monetary")}
    return Bands(count=int(item["count"]), currency=item["currency"], **edges)
