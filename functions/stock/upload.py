"""The private bucket where an operator's file lies until it has been read: the one place outside the card table where
secrets rest, so everything here ends in `delete`."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from botocore.exceptions import ClientError

from quanyi.imports.model import FileFault

LINK_LASTS = timedelta(hours=1)
PREFIX = "imports/"


@dataclass(frozen=True)
class UploadedFile:
    """One upload, pinned by its ETag: a second upload to the same place is another file."""

    client: Any
    bucket: str
    key: str
    size: int
    etag: str

    def fetch(self, start: int, end: int) -> bytes:
        """The bytes from `start` up to, not including, `end`. Raises FileFault if the file was replaced or removed."""
        try:
            answer = self.client.get_object(
                Bucket=self.bucket, Key=self.key, Range=f"bytes={start}-{end - 1}", IfMatch=self.etag
            )
            return answer["Body"].read()
        except ClientError as error:
            raise _file_fault(error) from None


@dataclass(frozen=True)
class Uploads:
    """Uploads by import. `client` is a boto3 S3 client that signs with version 4."""

    client: Any
    bucket: str

    def link(self, import_id: str, max_bytes: int) -> tuple[str, dict[str, str]]:
        """URL and form fields of a POST that may bring one file of at most `max_bytes` here within LINK_LASTS."""
        answer = self.client.generate_presigned_post(
            Bucket=self.bucket,
            Key=PREFIX + import_id,
            Conditions=[["content-length-range", 1, max_bytes]],
            ExpiresIn=int(LINK_LASTS.total_seconds()),
        )
        return answer["url"], answer["fields"]

    def put(self, import_id: str, content: bytes) -> None:
        """What an operator pasted takes the same way as a file. An upload that is there already stays as it is."""
        try:
            self.client.put_object(Bucket=self.bucket, Key=PREFIX + import_id, Body=content, IfNoneMatch="*")
        except ClientError as error:
            if _status(error) != 412:
                raise

    def open(self, import_id: str) -> UploadedFile:
        """Raises FileFault (`upload_missing`)."""
        key = PREFIX + import_id
        try:
            head = self.client.head_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            raise _file_fault(error) from None
        return UploadedFile(self.client, self.bucket, key, int(head["ContentLength"]), head["ETag"])

    def delete(self, import_id: str) -> None:
        """Harmless when there is nothing."""
        self.client.delete_object(Bucket=self.bucket, Key=PREFIX + import_id)


def _status(error: ClientError) -> int:
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)


def _file_fault(error: ClientError) -> Exception:
    """The fault of the file that an answer of S3 means, else the error itself."""
    if _status(error) == 404:
        return FileFault("upload_missing")
    if _status(error) in (412, 416):
        return FileFault("upload_changed")
    return error
