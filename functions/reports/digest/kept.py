"""Digests as they were made: what was mailed of a day is what is answered of it, whatever became known since.

    DIGESTS   <day>                                 on the facts table: which version counts
    results/digest/<day>/<version>.json             in the lake's bucket: its numbers
    results/digest/<day>/<version>/<picture>.png    and its pictures

The first that is made of a day is the day's. Of two made at once one counts, and the other's files are of no use.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

from quanyi.clock import stamp
from quanyi.table import ConditionFailed, Table
from reports.digest.views import Digest, Picture
from reports.lake.files import Lake

PNG = "image/png"
FIRST = "attribute_not_exists(pk)"
_PK = "DIGESTS"


@dataclass(frozen=True)
class Kept:
    """`folder` is where its pictures lie."""

    digest: Digest
    folder: str

    def key(self, picture: str) -> str:
        return f"{self.folder}/{picture}.png"


@dataclass(frozen=True)
class Digests:
    """`table` is the facts table."""

    table: Table
    lake: Lake

    def of(self, day: date) -> Kept | None:
        """Read consistently."""
        item = self.table.get({"pk": _PK, "sk": f"{day}"})
        return self._kept(item["folder"]) if item else None

    def last(self) -> Kept | None:
        found = self.table.query("pk = :pk", pk=_PK, limit=1, forward=False).items
        return self._kept(found[0]["folder"]) if found else None

    def keep(self, digest: Digest, pictures: Sequence[tuple[Picture, bytes]]) -> Kept:
        """Answers what counts: this one, or the one that was made before."""
        told = digest.model_copy(update={"pictures": tuple(picture for picture, _ in pictures)})
        content = told.model_dump_json().encode()
        folder = f"results/digest/{digest.day}/{sha256(content).hexdigest()[:16]}"
        kept = Kept(told, folder)
        # The files first: a digest that is listed can be had.
        for picture, drawn in pictures:
            self.lake.put_text(kept.key(picture.name), drawn, PNG)
        self.lake.put_text(f"{folder}.json", content, "application/json")
        item = {"pk": _PK, "sk": f"{digest.day}", "v": 1, "made_at": stamp(digest.made_at), "folder": folder}
        try:
            self.table.put(item, condition=FIRST)
        except ConditionFailed as failed:
            return self._kept(failed.item["folder"])
        return kept

    def pictures(self, kept: Kept) -> list[tuple[Picture, bytes]]:
        return [(picture, self.lake.text(kept.key(picture.name))) for picture in kept.digest.pictures]

    def _kept(self, folder: str) -> Kept:
        return Kept(Digest.model_validate_json(self.lake.text(f"{folder}.json")), folder)
