"""An event in a bot's words: the same as a staff mail's by default, in less room."""

from string import Template

from notify.due import StaffDue
from notify.staff import Staff, values_of
from quanyi.bots.message import Said
from quanyi.catalog.model import Language
from quanyi.mail.link import StaffUrl
from quanyi.mail.staff_defaults import WORDS


def said(due: StaffDue, language: Language, zone: str, url: StaffUrl) -> Said:
    words, values = WORDS[due.kind, language], values_of(Staff("", language, zone, url), due)
    known = {**values.about, "items": "\n".join(values.items)}

    def filled(text: str) -> str:
        return Template(text).substitute(known)

    facts = (words.opening, *words.facts, words.to_do)
    return Said(filled(words.subject), tuple(map(filled, facts)), words.label, values.link.reveal())
