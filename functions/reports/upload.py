"""The private bucket where a file lies until it has been read, beside the stock files: `settlements/` and the provider,
its day and the import, or `past-orders/` and the source and the import. It names buyers' payments, or buyers, so it is
deleted as soon as it is read."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple, Protocol

from botocore.exceptions import ClientError

from quanyi.aws import code_of

LINK_LASTS = timedelta(hours=1)
PREFIX = "settlements/"
PAST_PREFIX = "past-orders/"
MAX_BYTES = 128 * 1024 * 1024


class Placed(Protocol):
    """A file, as the bucket names it."""

    @property
    def key(self) -> str: ...


class Place(NamedTuple):
    """Which file: of which provider, which day of that provider, which import."""

    provider: str
    day: str
    import_id: str

    @property
    def key(self) -> str:
        return f"{PREFIX}{self.provider}/{self.day}/{self.import_id}"

    @classmethod
    def of_key(cls, key: str) -> "Place | None":
        parts = key.removeprefix(PREFIX).split("/")
        return cls(*parts) if key.startswith(PREFIX) and len(parts) == 3 and all(parts) else None


class PastPlace(NamedTuple):
    """Which file: an export of which source, brought by which import."""

    source: str
    import_id: str

    @property
    def key(self) -> str:
        return f"{PAST_PREFIX}{self.source}/{self.import_id}"

    @classmethod
    def of_key(cls, key: str) -> "PastPlace | None":
        parts = key.removeprefix(PAST_PREFIX).split("/")
        return cls(*parts) if key.startswith(PAST_PREFIX) and len(parts) == 2 and all(parts) else None


@dataclass(frozen=True)
class Uploads:
    """`storage` answers a boto3 S3 client that signs with version 4; it is made on first use only."""

    storage: Callable[[], Any]
    bucket: str

    def link(self, place: Placed, most: int = MAX_BYTES) -> tuple[str, dict[str, str]]:
        """URL and form fields of a POST that may bring one file of at most so many bytes here within LINK_LASTS."""
        answer = self.storage().generate_presigned_post(
            Bucket=self.bucket,
            Key=place.key,
            Conditions=[["content-length-range", 1, most]],
            ExpiresIn=int(LINK_LASTS.total_seconds()),
        )
        return answer["url"], answer["fields"]

    def put(self, place: Placed, content: bytes) -> None:
        """What was fetched from a provider takes the same way as an operator's file."""
        self.storage().put_object(Bucket=self.bucket, Key=place.key, Body=content)

    def read(self, place: Placed) -> bytes | None:
        """None when it is gone: it was read before."""
        try:
            return self.storage().get_object(Bucket=self.bucket, Key=place.key)["Body"].read()
        except ClientError as error:
            if code_of(error) in ("NoSuchKey", "404"):
                return None
            raise

    def delete(self, place: Placed) -> None:
        """Harmless when there is nothing."""
        self.storage().delete_object(Bucket=self.bucket, Key=place.key)
