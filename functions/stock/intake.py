"""Imports as an operator handles them: announced, watched, resumed, cancelled."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Self

from pydantic import Field, model_validator

from quanyi.cards.model import SHARED
from quanyi.catalog.model import Sku
from quanyi.catalog.table import CatalogTable
from quanyi.channels.table import ChannelTable
from quanyi.clock import Clock, Timestamp, moment, stamp
from quanyi.errors import Conflict, Invalid, Malformed, NotFound
from quanyi.http import View
from quanyi.ids import derived_id
from quanyi.imports.model import MAX_PASTED, OVER, FileFault, FileFaultCode, ImportState, LineFault, Plan, Terms
from quanyi.imports.table import ImportsTable
from quanyi.replay import body_hash, must_repeat
from quanyi.secret import Secret
from quanyi.table import Item, decode_cursor, encode_cursor
from quanyi.vault.kms import Keyring
from stock.upload import LINK_LASTS, Uploads

_LINE_END = re.compile(r"[\r\n]")
_LISTED = ("pk", "sk", "list", "listed")


class NewImport(Terms):
    """What `POST /v1/admin/imports` takes: the terms, and for a small import the lines themselves."""

    lines: Annotated[list[Secret], Field(min_length=1, max_length=MAX_PASTED)] | None = Field(
        None, description="Cards pasted in, one a line as in a TXT file; without it the answer says where to upload"
    )

    @model_validator(mode="after")
    def _pasted(self) -> Self:
        if self.lines is not None and (self.file_type != "txt" or self.encoding == "gbk"):
            raise ValueError("pasted lines are UTF-8 text")
        if any(_LINE_END.search(line.reveal()) for line in self.lines or ()):
            raise ValueError("a pasted line has no line end in it")
        return self


class UploadLink(View):
    url: str
    method: str = "POST"
    fields: dict[str, str]
    """Form fields that come before the field `file`."""
    expires_at: Timestamp
    max_bytes: int


class ImportView(View):
    id: str
    state: ImportState
    sku: str
    channel: str | None
    supplier: str
    file_type: str = Field(description="`generated`: vouchers of a series, made without a file")
    dry_run: bool
    read: int
    accepted: int
    duplicate: int
    invalid: int
    cards: int
    percent: int
    stalled: bool = Field(description="Nobody is at it: it goes on by itself when its message comes again, or `resume`")
    failure: FileFaultCode | None = None
    batches: dict[str, int] = Field(description="Cards by batch")
    created_at: Timestamp
    created_by: str
    started_at: Timestamp | None = None
    finished_at: Timestamp | None = None


class ImportCreated(ImportView):
    upload: UploadLink | None = None


class ImportPage(View):
    items: list[ImportView]
    next: str | None = None


class RefusedLine(View):
    line: int
    reason: LineFault


class RefusedPage(View):
    items: list[RefusedLine]
    next: str | None = None


@dataclass(frozen=True)
class Intake:
    """`go_on` wakes the importer for an import."""

    catalog: CatalogTable
    channels: ChannelTable
    imports: ImportsTable
    uploads: Uploads
    keyring: Keyring
    go_on: Callable[[str], None]
    clock: Clock
    zone: str

    def create(self, body: NewImport, *, by: str, key: str) -> ImportCreated:
        """An import that awaits its upload, or that has its lines already. The same `key` again answers the same
        import, with a fresh link as long as it waits. Raises Invalid, KeyReused."""
        now = self.clock()
        import_id = derived_id("I", by, key)
        asked = self._hash(body)
        item = self.imports.find(import_id)
        if item is None:
            plan = self._plan(body)
            item = self.imports.create(import_id, plan, body_hash=asked, by=by, now=now, until=now + LINK_LASTS)
        must_repeat(item["body_hash"], asked)
        if body.lines is not None:
            if item["state"] == "awaiting_upload":
                self.uploads.put(import_id, "\n".join(line.reveal() for line in body.lines).encode())
            return ImportCreated(**self._view(item).model_dump())
        upload = None
        if item["state"] == "awaiting_upload":
            url, fields = self.uploads.link(import_id, body.max_bytes)
            upload = UploadLink(url=url, fields=fields, expires_at=now + LINK_LASTS, max_bytes=body.max_bytes)
        return ImportCreated(**self._view(item).model_dump(), upload=upload)

    def get(self, import_id: str) -> ImportView:
        return self._view(self.imports.get(import_id))

    def page(self, limit: int, cursor: str | None) -> ImportPage:
        page = self.imports.page(limit=limit, start=decode_cursor(cursor, _LISTED))
        return ImportPage(items=[self._view(item) for item in page.items], next=encode_cursor(page.next))

    def resume(self, import_id: str) -> ImportView:
        """Wakes the importer for an import that nobody is at. Raises Conflict."""
        item = self.imports.get(import_id)
        if item["state"] in OVER:
            raise Conflict(f"An import that is {item['state']} is over.", state=item["state"])
        if item["state"] == "running" and not self._stalled(item):
            raise Conflict("The import is being read.", state=item["state"])
        if item["state"] == "awaiting_upload":
            try:
                self.uploads.open(import_id)
            except FileFault:
                raise Conflict("Nothing has been uploaded yet.", state=item["state"]) from None
        self.go_on(import_id)
        return self._view(item)

    def cancel(self, import_id: str, *, by: str) -> ImportView:
        """Over at once when not begun; else at the next checkpoint, and what has come in until then stays."""
        item = self.imports.cancel(import_id, by=by, now=self.clock())
        if item["state"] == "cancelled":
            self.uploads.delete(import_id)
        elif self._stalled(item):
            self.go_on(import_id)
        return self._view(item)

    def refused(self, import_id: str, limit: int, cursor: str | None) -> RefusedPage:
        """Refused lines in the file's order."""
        self.imports.get(import_id)
        start = decode_cursor(cursor, ("after",)) or {"after": "0"}
        if not start["after"].isdecimal():
            raise Malformed("The cursor cannot be read.")
        rows: list[tuple[int, LineFault]] = []
        for line, fault in self.imports.refused(import_id, after=int(start["after"])):
            if len(rows) == limit:
                return RefusedPage(items=_rows(rows), next=encode_cursor({"after": str(rows[-1][0])}))
            rows.append((line, fault))
        return RefusedPage(items=_rows(rows))

    def _hash(self, body: NewImport) -> str:
        """Of the request; pasted secrets enter it under a key, since a bare hash of a short one could be guessed."""
        lines = [line.reveal() for line in body.lines or ()]
        mac = self.keyring.mac("fingerprint", "pasted", "lines", *lines) if lines else None
        return body_hash(mac, body=body)

    def _plan(self, body: NewImport) -> Plan:
        try:
            sku: Sku = self.catalog.sku(body.sku)
        except NotFound:
            raise Invalid("No such SKU.", reason="sku_unknown", sku=body.sku) from None
        if sku.kind != "card":
            raise Invalid("Only a SKU of kind card has files of stock.", reason="sku_not_card", sku=body.sku)
        must_exist(self.channels, body.channel)
        terms = body.model_dump(exclude={"lines", "format"})
        plan = Plan(
            **terms,
            format=body.format or sku.card_format,
            issuer=sku.issuer,
            uses=sku.reusable_uses,
            shards=sku.shards,
            zone=self.zone,
        )
        if plan.format == "number_pin" and plan.columns and plan.columns.pin is None:
            raise Invalid("The format has a PIN, so `columns` must say where it is.", reason="missing_column")
        if plan.expires_at and plan.expires_at <= self.clock():
            raise Invalid("expires_at is past.", reason="expired")
        return plan

    def _view(self, item: Item) -> ImportView:
        plan = Plan.model_validate_json(item["plan"])
        total = int(item.get("total", 0))
        return ImportView(
            id=item["id"],
            state=item["state"],
            sku=plan.sku,
            channel=plan.channel,
            supplier=plan.supplier,
            file_type="generated" if plan.numbers else plan.file_type,
            dry_run=plan.dry_run,
            **{name: item[name] for name in ("read", "accepted", "duplicate", "invalid", "cards")},
            percent=100 if item["state"] == "done" else min(99, item["position"] * 100 // total) if total else 0,
            stalled=self._stalled(item),
            failure=item.get("failure"),
            batches={batch: size for batch, size in item["batches"].items() if size},
            created_at=moment(item["created_at"]),
            created_by=item["created_by"],
            started_at=moment(item["started_at"]) if "started_at" in item else None,
            finished_at=moment(item["finished_at"]) if "finished_at" in item else None,
        )

    def _stalled(self, item: Item) -> bool:
        return item["state"] == "running" and item.get("lease_until", "") < stamp(self.clock())


def must_exist(channels: ChannelTable, channel: str | None) -> None:
    """Cards of a channel that isn't there would lie unseen. Raises Invalid."""
    try:
        if channel not in (None, SHARED):
            channels.channel(channel)
    except NotFound:
        raise Invalid("No such channel.", reason="channel_unknown", channel=channel) from None


def _rows(rows: list[tuple[int, LineFault]]) -> list[RefusedLine]:
    return [RefusedLine(line=line, reason=fault) for line, fault in rows]
