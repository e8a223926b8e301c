"""The merchant's own templates, in the catalogue table.

MAIL#<kind>   <language>   subject, text, html, who wrote it and when
"""

from dataclasses import dataclass
from datetime import datetime

from quanyi.catalog.model import Language
from quanyi.clock import moment, stamp
from quanyi.mail.defaults import DEFAULTS
from quanyi.mail.model import KINDS, LANGUAGES, MailKind, MailTemplate
from quanyi.table import Item, Table


@dataclass(frozen=True)
class Kept:
    """A template in use. `changed_at` and `changed_by` are None for a default."""

    kind: MailKind
    language: Language
    template: MailTemplate
    changed_at: datetime | None = None
    changed_by: str | None = None


@dataclass(frozen=True)
class MailTemplates:
    """`table` is the catalogue table."""

    table: Table

    def get(self, kind: MailKind, language: Language) -> Kept:
        """The merchant's, else the default."""
        item = self.table.get(_key(kind, language))
        return _kept(kind, language, item) if item else Kept(kind, language, DEFAULTS[kind, language])

    def every(self) -> list[Kept]:
        return [self.get(kind, language) for kind in KINDS for language in LANGUAGES]

    def put(self, kind: MailKind, language: Language, template: MailTemplate, *, by: str, now: datetime) -> Kept:
        """The last one to write wins: a template is read whole and written whole."""
        item: Item = {
            **_key(kind, language),
            **template.model_dump(),
            "v": 1,
            "changed_by": by,
            "changed_at": stamp(now),
        }
        self.table.put(item)
        return _kept(kind, language, item)

    def drop(self, kind: MailKind, language: Language) -> Kept:
        """Back to the default. Harmless when repeated."""
        self.table.delete(_key(kind, language))
        return Kept(kind, language, DEFAULTS[kind, language])


def _key(kind: MailKind, language: Language) -> dict[str, str]:
    return {"pk": f"MAIL#{kind}", "sk": language}


def _kept(kind: MailKind, language: Language, item: Item) -> Kept:
    changed_at = moment(item["changed_at"])
    return Kept(kind, language, MailTemplate.model_validate(item), changed_at, item["changed_by"])
