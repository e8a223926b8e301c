"""What an import is: the terms an operator sets, the limits, and the reasons for which a line or a file is refused."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from quanyi.catalog.model import CardFormat, SkuId
from quanyi.clock import Timestamp
from quanyi.money import Money
from quanyi.secret import Secret

FileType = Literal["txt", "csv", "xlsx"]
Encoding = Literal["utf-8", "gb18030"]
ImportState = Literal["awaiting_upload", "running", "done", "failed", "cancelled"]
OVER: tuple[ImportState, ...] = ("done", "failed", "cancelled")

LineFault = Literal[
    "line_too_long",
    "quote_not_closed",
    "malformed",
    "unclear_fields",
    "missing_field",
    "too_short",
    "too_long",
    "forbidden_character",
    "not_a_link",
    "bad_expiry",
    "expired",
    "digits_lost",
    "duplicate_in_file",
    "duplicate",
]
"""Why a line was refused; codes of the API, explained in `docs/stock.md`."""

FileFaultCode = Literal[
    "empty_file",
    "wrong_encoding",
    "wrong_file_type",
    "broken_xlsx",
    "too_many_lines",
    "too_many_bytes",
    "missing_column",
    "upload_missing",
    "upload_changed",
]

MAX_LINES = 1_000_000
MAX_ROWS = 100_000
"""Rows of a sheet: a sheet is unpacked in memory, text is not."""

MAX_TEXT_BYTES = 256 * 1024 * 1024
MAX_SHEET_BYTES = 32 * 1024 * 1024
MAX_PASTED = 1_000

ID = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
ColumnRef = Annotated[int, Field(ge=1, le=100)] | Annotated[str, StringConstraints(min_length=1, max_length=100)]


class FileFault(Exception):
    """The file as a whole cannot be imported."""

    def __init__(self, code: FileFaultCode) -> None:
        super().__init__(code)
        self.code: FileFaultCode = code


class Columns(BaseModel):
    """Which column holds what: a number counted from 1, or a name in the header row."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    number: ColumnRef = Field(1, description="The number, code or link")
    pin: ColumnRef | None = None
    expires_at: ColumnRef | None = None

    def names(self) -> list[str]:
        return [ref for ref in (self.number, self.pin, self.expires_at) if isinstance(ref, str)]


class FileTerms(BaseModel):
    """What an operator says about a file, but for the cards' format."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    sku: SkuId
    channel: Annotated[str, StringConstraints(pattern=ID)] | None = Field(
        None, description="Only this channel may sell the cards; without it any channel"
    )
    supplier: Annotated[str, StringConstraints(pattern=ID)]
    unit_cost: Money
    file_type: FileType = "txt"
    delimiter: Annotated[str, StringConstraints(min_length=1, max_length=8)] | None = Field(
        None, description="CSV: one character (comma without it); TXT: any text, else the usual ones are recognised"
    )
    header: bool = Field(False, description="CSV and XLSX: the first row names the columns")
    columns: Columns | None = None
    encoding: Literal["auto", "utf-8", "gbk"] = "auto"
    expires_at: Timestamp | None = Field(None, description="For lines that bear no expiry of their own")
    dry_run: bool = Field(False, description="Only report what an import would do")

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if self.file_type == "txt" and (self.columns or self.header):
            raise ValueError("columns and header rows are of CSV and XLSX files")
        if self.file_type == "csv" and (len(self.delimiter or ",") != 1 or self.delimiter in ('"', "\r", "\n")):
            raise ValueError("the delimiter of a CSV file is one character, not a quote or a line end")
        if self.delimiter and ("\n" in self.delimiter or "\r" in self.delimiter):
            raise ValueError("a delimiter has no line end")
        if self.file_type == "xlsx" and self.delimiter:
            raise ValueError("an XLSX file has no delimiter")
        if self.columns and self.columns.names() and not self.header:
            raise ValueError("columns are named only in a file with a header row")
        if self.expires_at and self.expires_at.tzinfo is None:
            raise ValueError("expires_at needs a time zone")
        return self

    @property
    def max_bytes(self) -> int:
        return MAX_SHEET_BYTES if self.file_type == "xlsx" else MAX_TEXT_BYTES


class Terms(FileTerms):
    """What an operator says about a file."""

    format: CardFormat | None = Field(None, description="Without it the SKU's own")


class Numbers(BaseModel):
    """What is generated instead of read from a file: vouchers of a series, by number."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    series: str
    first: int
    count: int
    handed_out: bool
    """By the merchant itself, instead of being sold from stock."""

    @property
    def last(self) -> int:
        return self.first + self.count - 1


class Plan(FileTerms):
    """The terms, with what was true of the SKU when the import was made: a resumed run must judge every line alike."""

    format: CardFormat
    issuer: str
    uses: int | None = None
    """Units that each key of a reusable SKU serves."""
    shards: int = 1
    zone: str = "Asia/Shanghai"
    numbers: Numbers | None = None
    """Of vouchers that are generated: then there is no file."""

    @property
    def for_sale(self) -> bool:
        return self.numbers is None or not self.numbers.handed_out


class Record(NamedTuple):
    """One record of a file. `after` and `next_line` are where reading goes on behind it."""

    line: int
    after: int
    """Bytes of a text file, rows of a sheet."""
    next_line: int
    fields: list[str]
    """Empty for a blank line. They hold secrets: for the reader of the import only."""
    fault: LineFault | None = None

    def __repr__(self) -> str:
        return f"Record(line={self.line}, fault={self.fault})"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line that reads as a card."""

    line: int
    number: Secret
    pin: Secret | None
    expires_at: datetime | None


@dataclass(frozen=True)
class Survey:
    """What one look through the whole file told, before the first card is written."""

    total: int
    """What `Record.after` reaches at the end."""
    lines: int
    encoding: Encoding | None = None


@dataclass(frozen=True)
class Counts:
    """`read` = `accepted` + `duplicate` + `invalid`; blank lines and the header are not counted."""

    read: int = 0
    accepted: int = 0
    duplicate: int = 0
    invalid: int = 0
    cards: int = 0
    """Cards made: more than lines accepted where a key serves several units."""

    def __add__(self, more: "Counts") -> "Counts":
        return Counts(
            self.read + more.read,
            self.accepted + more.accepted,
            self.duplicate + more.duplicate,
            self.invalid + more.invalid,
            self.cards + more.cards,
        )
