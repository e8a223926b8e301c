"""What this room's functions need, built once per process on first use."""

from dataclasses import dataclass
from functools import cache, partial
from json import dumps
from secrets import token_bytes
from typing import Any

import boto3
from botocore.config import Config

from notify.staff import Staff
from quanyi.alerts.table import AlertsTable
from quanyi.audit.table import AuditTable
from quanyi.aws import client
from quanyi.bots.outbox import BotOutbox
from quanyi.bots.table import BotsTable
from quanyi.bots.webhook import Webhook
from quanyi.catalog.model import Language
from quanyi.clock import Clock, system_clock
from quanyi.ids import Draw
from quanyi.mail.link import ClaimUrl, StaffUrl
from quanyi.mail.outbox import Outbox
from quanyi.mail.ses import Ses
from quanyi.mail.table import MailTemplates
from quanyi.members.table import MembersTable
from quanyi.orders.table import OrdersTable
from quanyi.provider_secrets import ProviderSecrets
from quanyi.settings import Settings
from quanyi.table import Table
from quanyi.vault.kms import Keyring, Kms

_ONCE = Config(connect_timeout=2, read_timeout=4, retries={"mode": "standard", "total_max_attempts": 1})
"""After a time-out nobody knows whether a mail is on its way: botocore must not send it again."""


class MailSettings(Settings):
    catalog_table: str
    orders_table: str
    members_table: str
    stats_table: str
    kms_key_id: str
    mail_sender: str
    claim_url: ClaimUrl
    staff_mail: str = ""
    staff_language: Language
    staff_url: StaffUrl


class DeskSettings(Settings):
    catalog_table: str
    orders_table: str
    supply_table: str
    stats_table: str
    mail_queue_url: str
    claim_url: ClaimUrl
    staff_url: StaffUrl


class BotRoomSettings(Settings):
    catalog_table: str
    stats_table: str
    bot_secrets: str
    """What the names of the bots' secrets begin with."""
    secrets_key_id: str = ""
    """The KMS key of new secrets; only the function that makes them has it."""
    staff_url: StaffUrl


class SpeakerSettings(BotRoomSettings):
    bot_queue_url: str


@dataclass(frozen=True)
class Post:
    """Everything that writing and sending a mail touches."""

    orders: OrdersTable
    members: MembersTable
    keyring: Keyring
    templates: MailTemplates
    outbox: Outbox
    ses: Ses
    claim_url: ClaimUrl
    staff: Staff
    now: Clock = system_clock


@dataclass(frozen=True)
class Desk:
    """What the shop's people do about mails and alerts. It can neither read a contact nor send."""

    orders: OrdersTable
    templates: MailTemplates
    outbox: Outbox
    alerts: AlertsTable
    audit: AuditTable
    queue: str
    sqs: Any
    claim_url: ClaimUrl
    staff_url: StaffUrl
    zone: str
    now: Clock = system_clock

    def hand_over(self, message: dict[str, Any]) -> None:
        """To the function that sends."""
        self.sqs.send_message(QueueUrl=self.queue, MessageBody=dumps(message))


@dataclass(frozen=True)
class BotDesk:
    """What an operator does about bots: sets them up, and has them say something."""

    bots: BotsTable
    outbox: BotOutbox
    secrets: ProviderSecrets
    webhook: Webhook
    staff_url: StaffUrl
    stage: str
    now: Clock = system_clock


@dataclass(frozen=True)
class Speaker:
    """Everything that a bot needs to tell what waits for it."""

    bots: BotsTable
    outbox: BotOutbox
    secrets: ProviderSecrets
    webhook: Webhook
    staff_url: StaffUrl
    zone: str
    queue: str
    sqs: Any
    now: Clock = system_clock
    draw: Draw = token_bytes


@cache
def post() -> Post:
    known, dynamodb = MailSettings.read(), client("dynamodb")
    catalog = Table(known.catalog_table, dynamodb)
    keyring = Keyring(catalog, Kms(known.kms_key_id, client("kms")))
    return Post(
        orders=OrdersTable(Table(known.orders_table, dynamodb), known.shop_time_zone),
        members=MembersTable(Table(known.members_table, dynamodb), keyring),
        keyring=keyring,
        templates=MailTemplates(catalog),
        outbox=Outbox(Table(known.stats_table, dynamodb)),
        ses=Ses(boto3.client("ses", config=_ONCE), known.mail_sender),
        claim_url=known.claim_url,
        staff=Staff(known.staff_mail, known.staff_language, known.shop_time_zone, known.staff_url),
    )


@cache
def desk() -> Desk:
    known, dynamodb = DeskSettings.read(), client("dynamodb")
    stats = Table(known.stats_table, dynamodb)
    return Desk(
        orders=OrdersTable(Table(known.orders_table, dynamodb), known.shop_time_zone),
        templates=MailTemplates(Table(known.catalog_table, dynamodb)),
        outbox=Outbox(stats),
        alerts=AlertsTable(Table(known.supply_table, dynamodb)),
        audit=AuditTable(stats),
        queue=known.mail_queue_url,
        sqs=client("sqs"),
        claim_url=known.claim_url,
        staff_url=known.staff_url,
        zone=known.shop_time_zone,
    )


@cache
def bot_desk() -> BotDesk:
    known, dynamodb = BotRoomSettings.read(), client("dynamodb")
    return BotDesk(
        bots=BotsTable(Table(known.catalog_table, dynamodb)),
        outbox=BotOutbox(Table(known.stats_table, dynamodb)),
        secrets=ProviderSecrets(known.bot_secrets, partial(client, "secretsmanager"), known.secrets_key_id),
        webhook=Webhook(),
        staff_url=known.staff_url,
        stage=known.stage,
    )


@cache
def speaker() -> Speaker:
    known, dynamodb = SpeakerSettings.read(), client("dynamodb")
    return Speaker(
        bots=BotsTable(Table(known.catalog_table, dynamodb)),
        outbox=BotOutbox(Table(known.stats_table, dynamodb)),
        secrets=ProviderSecrets(known.bot_secrets, partial(client, "secretsmanager")),
        webhook=Webhook(),
        staff_url=known.staff_url,
        zone=known.shop_time_zone,
        queue=known.bot_queue_url,
        sqs=client("sqs"),
    )
