"""Lists too long for an answer: packed once, and read a piece at a time.

    results/<report>/<day>/<version>.csv.gz       the list, sorted; also what is downloaded
    results/<report>/<day>/<version>.index.json   where each block of rows begins, and with which values

A block of rows is a gzip member of its own. Members in a row are one file to whoever unpacks it (RFC 1952, 2.2), and
some of them can be read by their range. So a page costs two or three requests and some hundred kilobytes, however long
the list is; one of few among many rows (a channel that sells little) reads on in larger pieces.
"""

import csv
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from gzip import compress, decompress
from hashlib import sha256
from itertools import groupby, islice
from json import dumps, loads
from pathlib import Path
from typing import Any

from quanyi.analytics.customers import Behind, Row
from quanyi.analytics.dialect import FORMULA
from quanyi.csv_pages import BOM
from reports.lake.files import Lake

PACKED, INDEX = ".csv.gz", ".index.json"
BLOCK = 4096
"""Rows of a block: 40 KB packed."""
FIRST_PIECE, GROWS, LARGEST_PIECE = 2, 4, 32
"""Blocks that are read at once: a page may begin at one's end, and a buyer's rows go on in the next."""
GZIP = "application/gzip"
PACKERS = 2
"""Blocks that are packed at once, each by a processor: Python lets go of its lock meanwhile."""


@dataclass(frozen=True)
class Packed:
    """`digest` is of the rows, `size` their bytes; the files lie in a folder."""

    digest: str
    size: int
    list: Path
    index: Path


def pack(lines: Path, columns: Mapping[str, str], by: Sequence[str]) -> Packed:
    """Of a CSV file without a head, sorted by its columns `by`. `columns` has each one's type (`Engine.store`)."""
    digest, size, blocks = sha256(), 0, list[list[Any]]()
    packed, index = lines.with_suffix(PACKED), lines.with_suffix(INDEX)
    with lines.open("rb") as rows, packed.open("wb") as file:
        file.write(compress(f"{BOM}{','.join(columns)}\r\n".encode(), mtime=0))
        for block, member in _packed(iter(lambda: b"".join(islice(rows, BLOCK)), b"")):
            digest.update(block)
            size += len(block)
            first = next(_rows(block[: block.index(b"\n")], columns))
            blocks.append([file.tell(), [first[name] for name in by]])
            file.write(member)
        told = {"v": 1, "columns": {**columns}, "by": [*by], "rows": BLOCK, "blocks": blocks, "size": file.tell()}
    index.write_text(dumps(told, ensure_ascii=False), encoding="utf-8")
    return Packed(digest.hexdigest(), size, packed, index)


def _packed(blocks: Iterator[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Each block and its gzip member, in their order; few are in memory at a time."""
    waiting = deque[tuple[bytes, Future[bytes]]]()
    with ThreadPoolExecutor(PACKERS) as packers:
        for block in blocks:
            waiting.append((block, packers.submit(compress, block, compresslevel=1, mtime=0)))
            if len(waiting) > 2 * PACKERS:
                oldest, member = waiting.popleft()
                yield oldest, member.result()
        yield from ((block, member.result()) for block, member in waiting)


def listed(lake: Lake, key: str, behind: Behind, start: int, limit: int) -> list[tuple[int, Row]]:
    """Up to `limit` rows that are `behind.buyers`, from the `start`th row of all on, each with its place among all.
    `key` is the packed list's."""
    index = loads(lake.text(f"{key.removesuffix(PACKED)}{INDEX}"))
    places = (one for one in _read(lake, key, index, behind, start // index["rows"]) if one[0] >= start)
    return [*islice(behind.buyers(places), limit)]


def _read(lake: Lake, key: str, index: Mapping[str, Any], behind: Behind, least: int) -> Iterator[tuple[int, Row]]:
    """The rows of blocks that may have such rows, each with its place."""
    ends = [*(begin for begin, _ in index["blocks"][1:]), index["size"]]
    for first, last in _pieces(_candidates(index, behind, least)):
        piece = decompress(lake.piece(key, index["blocks"][first][0], ends[last]))
        yield from enumerate(_rows(piece, index["columns"]), first * index["rows"])


def _pieces(blocks: Iterable[int]) -> Iterator[tuple[int, int]]:
    """The first and the last block of each piece: blocks that lie side by side, the more the longer they are read."""
    most = FIRST_PIECE
    for _, side_by_side in groupby(enumerate(blocks), lambda one: one[1] - one[0]):
        numbers = (number for _, number in side_by_side)
        while piece := [*islice(numbers, most)]:
            yield piece[0], piece[-1]
            most = min(most * GROWS, LARGEST_PIECE)


def _candidates(index: Mapping[str, Any], behind: Behind, least: int) -> Iterator[int]:
    """Blocks that may have such rows, from the `least`th on. A block's rows lie between its first and the next
    block's."""
    by: list[str] = index["by"]
    known = next((n for n, name in enumerate(by) if name not in behind.same), len(by))
    wanted = [behind.same[name] for name in by[:known]]
    firsts: list[list[Any]] = [first for _, first in index["blocks"]]
    prefixes = [first[:known] for first in firsts]
    unwanted = [*wanted, behind.other[by[known]]] if known < len(by) and by[known] in behind.other else None
    for number in range(max(bisect_left(prefixes, wanted) - 1, least, 0), bisect_right(prefixes, wanted)):
        ends = firsts[number : number + 2]
        if unwanted is None or len(ends) == 1 or any(end[: known + 1] != unwanted for end in ends):
            yield number


def _rows(block: bytes, columns: Mapping[str, str]) -> Iterator[Row]:
    for cells in csv.reader(block.decode().removesuffix("\n").split("\n")):
        yield {name: _value(cell, kind) for cell, (name, kind) in zip(cells, columns.items(), strict=True)}


def _value(cell: str, kind: str) -> Any:
    if kind in ("BIGINT", "INTEGER"):
        return int(cell) if cell else None
    return cell[1:] if cell[:1] == "'" and cell[1:2] in FORMULA else cell
