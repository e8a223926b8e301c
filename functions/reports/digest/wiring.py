"""What the digest's functions need, built once per process on first use. Apart from `reports.wiring`, so that functions
that follow streams do not import what mails and names are read with."""

from dataclasses import dataclass
from functools import cache

import boto3
from botocore.config import Config

from quanyi.alerts.table import AlertsTable
from quanyi.aws import client
from quanyi.catalog.model import Language
from quanyi.catalog.table import CatalogTable
from quanyi.channels.table import ChannelTable
from quanyi.choices.table import ChoicesTable
from quanyi.clock import Clock
from quanyi.mail.link import StaffUrl
from quanyi.mail.outbox import Outbox
from quanyi.mail.ses import Ses
from quanyi.settings import Settings
from quanyi.table import Table
from quanyi.vault.kms import Keyring, Kms
from reports.digest.desk import Desk
from reports.digest.kept import Digests
from reports.digest.settings import DigestTerms, digest_choices
from reports.wiring import Archive, LakeSettings, archive, rolls

OFF = "off"
_ONCE = Config(connect_timeout=2, read_timeout=6, retries={"mode": "standard", "total_max_attempts": 1})
"""After a time-out nobody knows whether a mail is on its way: botocore must not send it again."""


class PressSettings(Settings):
    catalog_table: str
    supply_table: str
    stats_table: str
    facts_table: str
    kms_key_id: str
    mail_sender: str
    staff_mail: str = ""
    digest_mail: str = ""
    """Addresses with commas between; empty: whoever has the shop's other mails; `off`: nobody."""
    digest_hour: int = 8
    staff_language: Language
    staff_url: StaffUrl

    @property
    def recipients(self) -> tuple[str, ...]:
        told = "" if self.digest_mail == OFF else self.digest_mail or self.staff_mail
        return tuple(dict.fromkeys(address for address in told.split(",") if address))


@dataclass(frozen=True)
class Press:
    """What makes and mails a digest. `archive` has the night's insights. `recipients`, `hour` and `language` are the
    deployment's: what counts where the merchant has settled nothing else (`choices`)."""

    desk: Desk
    archive: Archive
    digests: Digests
    outbox: Outbox
    ses: Ses
    choices: ChoicesTable[DigestTerms]
    recipients: tuple[str, ...]
    hour: int
    language: Language
    staff_url: StaffUrl

    @property
    def now(self) -> Clock:
        return self.desk.now

    @property
    def terms(self) -> DigestTerms:
        """As they are now, with nothing left out."""
        chosen = self.choices.newest().chosen
        to = chosen.recipients or self.recipients if chosen.enabled else ()
        said = {"hour": chosen.hour or self.hour, "language": chosen.language or self.language, "recipients": to}
        return chosen.model_copy(update=said)


@cache
def digests() -> Digests:
    return Digests(Table(LakeSettings.read().facts_table, client("dynamodb")), archive().lake)


@cache
def press() -> Press:
    known, dynamodb = PressSettings.read(), client("dynamodb")
    catalog, alerts = Table(known.catalog_table, dynamodb), AlertsTable(Table(known.supply_table, dynamodb))
    return Press(
        desk=Desk(rolls(), alerts, CatalogTable(catalog), ChannelTable(catalog), known.shop_time_zone),
        archive=archive(),
        digests=digests(),
        outbox=Outbox(Table(known.stats_table, dynamodb)),
        ses=Ses(boto3.client("ses", config=_ONCE), known.mail_sender),
        choices=digest_choices(
            Table(known.facts_table, dynamodb), Keyring(catalog, Kms(known.kms_key_id, client("kms")))
        ),
        recipients=known.recipients,
        hour=known.digest_hour,
        language=known.staff_language,
        staff_url=known.staff_url,
    )
