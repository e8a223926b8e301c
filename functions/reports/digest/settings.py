"""What the merchant has settled about the daily digest, on the facts table (`choices.table`):

    DIGEST_CHOICE   000001

Whom it goes to is sealed: staff have addresses too.
"""

import secrets
from functools import partial
from json import dumps, loads
from typing import Annotated

from pydantic import Field, StringConstraints

from quanyi.catalog.texts import Language, Model
from quanyi.choices.table import ChoicesTable
from quanyi.ids import Draw
from quanyi.table import Item, Table
from quanyi.vault.keys import NamedKeys
from quanyi.vault.sealing import seal, unseal

CHOICE = "DIGEST_CHOICE"
MOST_RECIPIENTS = 20

Address = Annotated[str, StringConstraints(pattern=r"^[^@\s,]{1,64}@[^@\s,]+\.[^@\s,]+$", max_length=254)]


class DigestTerms(Model):
    """What is left out is the deployment's to say (`DigestHour`, `StaffLanguage`, `DigestMail`)."""

    enabled: Annotated[bool, Field(strict=True, description="false: it is made, and mailed to nobody")] = True
    hour: Annotated[int | None, Field(ge=1, le=23, strict=True, description="Of the shop's day")] = None
    language: Annotated[Language | None, Field(description="That its mails are written in")] = None
    recipients: Annotated[tuple[Address, ...], Field(max_length=MOST_RECIPIENTS)] = ()


def digest_choices(facts: Table, keys: NamedKeys, draw: Draw = secrets.token_bytes) -> ChoicesTable[DigestTerms]:
    """No key is opened where nobody is named."""
    return ChoicesTable(facts, CHOICE, DigestTerms(), partial(_told, keys, draw), partial(_read, keys))


def _told(keys: NamedKeys, draw: Draw, terms: DigestTerms) -> Item:
    kept: Item = terms.model_dump(include={"enabled", "hour", "language"}, exclude_none=True)
    if terms.recipients:
        kept["sealed"] = seal(keys.key("staff"), dumps(terms.recipients), CHOICE, draw)
    return kept


def _read(keys: NamedKeys, item: Item) -> DigestTerms:
    hour = int(item["hour"]) if "hour" in item else None
    named = loads(unseal(keys.key("staff"), bytes(item["sealed"]), CHOICE)) if "sealed" in item else ()
    return DigestTerms(enabled=item["enabled"], hour=hour, language=item.get("language"), recipients=tuple(named))
