"""What this room's functions need, built once per process on first use."""

from functools import cache

from quanyi.audit.table import AuditTable
from quanyi.aws import client
from quanyi.batches.table import BatchesTable
from quanyi.catalog.table import CatalogTable
from quanyi.events.bus import Bus
from quanyi.facts.naming import Naming
from quanyi.facts.origin import Origins
from quanyi.facts.table import FactsTable
from quanyi.ledger.table import LedgerTable
from quanyi.mail.outbox import Outbox
from quanyi.redemptions.table import RedemptionsTable
from quanyi.risk.learning import Learning
from quanyi.settings import Settings
from quanyi.stats.levels import LevelsTable
from quanyi.table import Table


class StreamSettings(Settings):
    stats_table: str


class FactsSettings(Settings):
    facts_table: str
    catalog_table: str


class OriginSettings(Settings):
    supply_table: str


class BusSettings(Settings):
    event_bus: str


class RiskSettings(Settings):
    risk_table: str


@cache
def audit() -> AuditTable:
    return AuditTable(_stats())


@cache
def levels() -> LevelsTable:
    return LevelsTable(_stats())


@cache
def ledger() -> LedgerTable:
    return LedgerTable(_stats(), StreamSettings.read().shop_time_zone)


@cache
def redemptions() -> RedemptionsTable:
    return RedemptionsTable(_stats(), StreamSettings.read().shop_time_zone)


@cache
def outbox() -> Outbox:
    return Outbox(_stats())


@cache
def learn() -> Learning:
    return Learning(Table(RiskSettings.read().risk_table, client("dynamodb")))


@cache
def facts() -> FactsTable:
    return FactsTable(Table(FactsSettings.read().facts_table, client("dynamodb")))


def naming() -> Naming:
    """For one batch: what it looks up is as of now."""
    return Naming(CatalogTable(Table(FactsSettings.read().catalog_table, client("dynamodb"))))


@cache
def origins() -> Origins:
    return Origins(BatchesTable(Table(OriginSettings.read().supply_table, client("dynamodb"))))


@cache
def bus() -> Bus:
    return Bus(BusSettings.read().event_bus, client("events"))


def _stats() -> Table:
    return Table(StreamSettings.read().stats_table, client("dynamodb"))
