"""Facts as the relation that reports read, without a lake."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from quanyi.analytics.engine import Engine
from quanyi.analytics.rows import rows_of
from quanyi.facts.model import Fact

ZONE = "Asia/Shanghai"


@cache
def engine() -> Engine:
    return Engine(memory_mib=512, threads=2)


def laid(facts: Iterable[Fact], path: Path, told: int = 0) -> str:
    """A file of the lake."""
    engine().write(rows(facts, told), str(path))
    return str(path)


def rows(facts: Iterable[Fact], told: int = 0) -> list[dict[str, Any]]:
    return [{**row, "told": told} for fact in facts for row in rows_of(fact, ZONE)]


def asked(facts: Iterable[Fact], folder: Path, name: str, **parameters: Any) -> list[dict[str, Any]]:
    """What `sql/<name>.sql` answers of these facts."""
    path = laid(facts, folder / "facts.parquet")
    engine().read([path])
    return engine().run(name, **parameters).dicts()
