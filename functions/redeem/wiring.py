"""What this room's functions need, built once per process on first use."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from quanyi.aws import client
from quanyi.clock import Clock, system_clock
from quanyi.redemptions.table import RedemptionsTable
from quanyi.settings import Settings
from quanyi.stores.table import StoresTable
from quanyi.table import Table
from quanyi.vault.keys import NamedKeys
from quanyi.vault.kms import Keyring, Kms
from quanyi.vouchers.guessing import Guesses
from quanyi.vouchers.limits import MemberLimits
from quanyi.vouchers.series import SeriesTable
from quanyi.vouchers.table import VouchersTable


class RedeemSettings(Settings):
    catalog_table: str
    cards_table: str
    orders_table: str
    members_table: str
    supply_table: str
    stats_table: str
    kms_key_id: str


@dataclass(frozen=True)
class Till:
    """Everything that a redemption touches."""

    vouchers: VouchersTable
    series: SeriesTable
    orders: Table
    stores: StoresTable
    limits: MemberLimits
    guesses: Guesses
    redemptions: RedemptionsTable
    keys: NamedKeys
    zone: str
    now: Clock = system_clock
    pause: Callable[[float], None] = time.sleep


@cache
def till() -> Till:
    known, dynamodb = RedeemSettings.read(), client("dynamodb")
    catalog = Table(known.catalog_table, dynamodb)
    stats = Table(known.stats_table, dynamodb)
    return Till(
        vouchers=VouchersTable(Table(known.cards_table, dynamodb)),
        series=SeriesTable(Table(known.supply_table, dynamodb)),
        orders=Table(known.orders_table, dynamodb),
        stores=StoresTable(catalog),
        limits=MemberLimits(Table(known.members_table, dynamodb), known.shop_time_zone),
        guesses=Guesses(stats),
        redemptions=RedemptionsTable(stats, known.shop_time_zone),
        keys=Keyring(catalog, Kms(known.kms_key_id, client("kms"))),
        zone=known.shop_time_zone,
    )
