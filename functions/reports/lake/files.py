"""The lake: facts as Parquet files in a bucket, in a folder for each of the shop's days.

    facts/day=2026-11-26/part-<hash>.parquet      what one batch of the stream told
    facts/day=2026-11-26/compact-<hash>.parquet   what the files that it was made of had told, each fact once
    facts/day=2026-10-01/month-<hash>.parquet     the same of all October
    results/<report>/<day>/<version>.json         what a report said of a day

A file is never changed: its name is a hash of what is in it, or of what it was made of. So whoever writes one again
writes the same, and whoever deletes files that a compact one was made of deletes no others. A fact may lie in several
files of its day or month until they are compacted; whoever reads counts each id once.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from shutil import copyfileobj
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from quanyi.analytics.dialect import TOLD
from quanyi.aws import code_of

ID = "id"
FACTS = "facts/"
LINK_LASTS = timedelta(minutes=15)
READERS = 8


class FileGone(Exception):
    """It was compacted away since it was listed: list again."""


class LakeFile(NamedTuple):
    """One file. `day` (`2026-11-26`) is its folder: the day of its facts, or the first one of their month."""

    day: str
    name: str

    @property
    def key(self) -> str:
        return f"{FACTS}day={self.day}/{self.name}"

    @property
    def is_compact(self) -> bool:
        return self.is_month or self.name.startswith("compact-")

    @property
    def is_month(self) -> bool:
        """Whether it has facts of other days of its month too."""
        return self.name.startswith("month-")

    @property
    def month(self) -> str:
        """`2026-11`."""
        return self.day[:7]

    def reaches(self, day: date) -> bool:
        """Whether it may have facts of a day or of later ones."""
        return self.month >= f"{day:%Y-%m}" if self.is_month else self.day >= day.isoformat()

    @property
    def local(self) -> str:
        """A name for a copy: unique among all days'."""
        return f"{self.day}-{self.name}"

    @classmethod
    def of_key(cls, key: str) -> "LakeFile":
        folder, _, name = key.removeprefix(FACTS).partition("/")
        return cls(folder.removeprefix("day="), name)

    @classmethod
    def part(cls, day: str, rows: Sequence[Mapping[str, Any]]) -> "LakeFile":
        """Of what one batch told about a day."""
        return cls(day, f"part-{_hash(f'{row[ID]} {row[TOLD]}' for row in rows)}.parquet")

    @classmethod
    def compact(cls, files: Sequence["LakeFile"]) -> "LakeFile":
        """Of files of one day."""
        return cls(files[0].day, f"compact-{_hash(file.name for file in files)}.parquet")

    @classmethod
    def whole_month(cls, files: Sequence["LakeFile"]) -> "LakeFile":
        """Of files of one month."""
        return cls(f"{files[0].month}-01", f"month-{_hash(file.local for file in files)}.parquet")


def _hash(names: Iterable[str]) -> str:
    return sha256("\n".join(sorted(names)).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Lake:
    """`storage` answers a boto3 S3 client that signs with version 4; it is made on first use only."""

    storage: Callable[[], Any]
    bucket: str

    def files(self, first: date | None = None, last: date | None = None) -> list[LakeFile]:
        """Those with facts of the days from `first` to `last`, by folder and name."""
        # Folders sort by day: S3 begins where that of the month is.
        after = {"StartAfter": f"{FACTS}day={first:%Y-%m}-01"} if first else {}
        pages = self.storage().get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=FACTS, **after)
        found: list[LakeFile] = []
        for page in pages:
            for one in page.get("Contents", []):
                file = LakeFile.of_key(one["Key"])
                if last and file.day > last.isoformat():
                    return found
                if not first or file.reaches(first):
                    found.append(file)
        return found

    def address(self, file: LakeFile) -> str:
        """As other services name it."""
        return f"s3://{self.bucket}/{file.key}"

    def fetch(self, files: Sequence[LakeFile], folder: Path) -> None:
        """Copies them into a folder, under `LakeFile.local`. Raises FileGone."""
        storage = self.storage()

        def one(file: LakeFile) -> None:
            try:
                body = storage.get_object(Bucket=self.bucket, Key=file.key)["Body"]
            except ClientError as error:
                raise (FileGone(file.key) if code_of(error) in ("NoSuchKey", "404") else error) from None
            with (folder / file.local).open("wb") as copy:
                copyfileobj(body, copy, 1024 * 1024)

        with ThreadPoolExecutor(READERS) as several:
            for _ in several.map(one, files):
                pass

    def put(self, file: LakeFile, content: Path) -> None:
        with content.open("rb") as body:
            self.storage().put_object(Bucket=self.bucket, Key=file.key, Body=body)

    def delete(self, file: LakeFile) -> None:
        """Harmless when it is gone."""
        self.storage().delete_object(Bucket=self.bucket, Key=file.key)

    def put_text(self, key: str, content: bytes, kind: str) -> None:
        self.storage().put_object(Bucket=self.bucket, Key=key, Body=content, ContentType=kind)

    def put_copy(self, key: str, content: Path, kind: str) -> None:
        with content.open("rb") as body:
            self.storage().put_object(Bucket=self.bucket, Key=key, Body=body, ContentType=kind)

    def piece(self, key: str, begin: int, end: int) -> bytes:
        """The bytes from `begin` up to `end`."""
        asked = {"Bucket": self.bucket, "Key": key, "Range": f"bytes={begin}-{end - 1}"}
        return self.storage().get_object(**asked)["Body"].read()

    def text(self, key: str) -> bytes:
        return self.storage().get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def link(self, key: str, name: str) -> str:
        """A URL by which a browser gets the file, as `name`, within LINK_LASTS."""
        told = {"ResponseContentDisposition": f'attachment; filename="{name}"'}
        asked = {"Bucket": self.bucket, "Key": key, **told}
        seconds = int(LINK_LASTS.total_seconds())
        return self.storage().generate_presigned_url("get_object", Params=asked, ExpiresIn=seconds)
