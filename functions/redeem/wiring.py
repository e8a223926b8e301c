"""What this room's functions need, built once per process on first use."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

from quanyi.aws import client
from quanyi.clock import Clock, system_clock
from quanyi.errors import Conflict
from quanyi.issuers.port import Issuer
from quanyi.issuers.rest import RestIssuer
from quanyi.issuers.settings import IssuerSettings
from quanyi.issuers.table import ConfirmingCards, IssuersTable
from quanyi.provider_secrets import ProviderSecrets
from quanyi.redemptions.table import RedemptionsTable
from quanyi.risk.assess import Risk
from quanyi.secret import Secret
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
    risk_table: str
    kms_key_id: str


class IssuerTillSettings(Settings):
    catalog_table: str
    cards_table: str
    orders_table: str
    stats_table: str
    kms_key_id: str
    issuer_secrets: str
    """What the names of the issuers' secrets begin with."""
    secrets_key_id: str = ""
    """The KMS key of new secrets; only the function that makes them has it."""


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
    risk: Risk
    keys: NamedKeys
    zone: str
    now: Clock = system_clock
    pause: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class IssuerTill:
    """Everything that a use of a third party's card touches."""

    cards: ConfirmingCards
    issuers: IssuersTable
    secrets: ProviderSecrets
    orders: Table
    stores: StoresTable
    guesses: Guesses
    keys: NamedKeys
    stage: str
    now: Clock = system_clock

    def issuer(self, settings: IssuerSettings) -> Issuer:
        """Raises Conflict (`credentials_missing`)."""
        live = self.live(settings.name)
        if not live:
            raise Conflict("The issuer has no secret yet.", reason="credentials_missing")
        return RestIssuer(settings.endpoint, settings.key_id, live, self.now)

    def live(self, name: str) -> tuple[Secret, ...]:
        """The issuer's live secrets, newest first."""
        return tuple(version["secret"] for version in self.secrets.read(name))


@cache
def issuer_till() -> IssuerTill:
    known, dynamodb = IssuerTillSettings.read(), client("dynamodb")
    catalog = Table(known.catalog_table, dynamodb)
    return IssuerTill(
        cards=ConfirmingCards(Table(known.cards_table, dynamodb)),
        issuers=IssuersTable(catalog),
        secrets=ProviderSecrets(known.issuer_secrets, partial(client, "secretsmanager"), known.secrets_key_id),
        orders=Table(known.orders_table, dynamodb),
        stores=StoresTable(catalog),
        guesses=Guesses(Table(known.stats_table, dynamodb)),
        keys=Keyring(catalog, Kms(known.kms_key_id, client("kms"))),
        stage=known.stage,
    )


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
        risk=Risk.of(Table(known.risk_table, dynamodb), known.shop_time_zone),
        keys=Keyring(catalog, Kms(known.kms_key_id, client("kms"))),
        zone=known.shop_time_zone,
    )
