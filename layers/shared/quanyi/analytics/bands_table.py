"""How RFM is scored, on the facts table: a version each, the last counts.

    RFM_BANDS   000001

Earlier ones stay: who scored otherwise, and until when.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from quanyi.analytics.customers import Bands
from quanyi.clock import moment, stamp
from quanyi.errors import Conflict
from quanyi.table import ConditionFailed, Item, Table

BANDS = "RFM_BANDS"
NEW = "attribute_not_exists(pk)"


@dataclass(frozen=True)
class KeptBands:
    """`by` is the caller that wrote it, by name; empty for what there is before anybody wrote any: version 0."""

    bands: Bands
    version: int = 0
    by: str = ""
    at: datetime | None = None


@dataclass(frozen=True)
class BandsTable:
    """`table` is the facts table."""

    table: Table

    def newest(self) -> KeptBands:
        """Read consistently."""
        return self.history(1)[0]

    def history(self, most: int) -> list[KeptBands]:
        """The last versions, the newest first; at least one."""
        how: dict[str, Any] = {"pk": BANDS, "forward": False, "consistent": True}
        found = [_kept(item) for item in self.table.query("pk = :pk", limit=most, **how).items]
        return found or [KeptBands(Bands())]

    def save(self, bands: Bands, seen: int, by: str, now: datetime) -> KeptBands:
        """Writes the version after the one that was `seen`; the same again is answered as made. Raises Conflict
        (`stale_version`)."""
        made = KeptBands(bands, seen + 1, by, now)
        if seen and self._version(seen) is None:
            raise _stale(self.newest())
        try:
            told = asdict(bands) | {"version": made.version, "by": by, "at": stamp(now)}
            self.table.put({"pk": BANDS, "sk": f"{made.version:06d}", "v": 1, **told}, condition=NEW)
        except ConditionFailed as failed:
            there, newest = _kept(failed.item), self.newest()
            if there != newest or (there.bands, there.by) != (bands, by):
                raise _stale(newest) from None
            return there
        return made

    def _version(self, version: int) -> Item | None:
        return self.table.get({"pk": BANDS, "sk": f"{version:06d}"})


def _stale(newest: KeptBands) -> Conflict:
    return Conflict("Somebody else changed this meanwhile.", reason="stale_version", version=newest.version)


def _kept(item: Item) -> KeptBands:
    edges = {name: tuple(int(edge) for edge in item[name]) for name in ("recency", "frequency", "monetary")}
    bands = Bands(count=int(item["count"]), currency=item["currency"], **edges)
    return KeptBands(bands, int(item["version"]), item["by"], moment(item["at"]))
