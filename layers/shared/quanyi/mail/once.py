"""Sending one mail, once: the outbox says whether it is to be sent, and is told how that went."""

from datetime import datetime
from typing import Literal

from quanyi.mail.model import Mail, SentKind
from quanyi.mail.outbox import Outbox
from quanyi.mail.ses import MailDelayed, MailRefused, Ses

Once = Literal["sent", "failed", "already"]


def send_once(
    outbox: Outbox, ses: Ses, about: str, kind: SentKind, occasion: str, address: str, mail: Mail, now: datetime
) -> Once:
    """Raises MailDelayed, MailUnclear, Busy: then it is to be tried again later."""
    if not outbox.begin(about, kind, occasion, now):
        return "already"
    try:
        message = ses.send(address, mail)
    except MailRefused as refused:
        outbox.end(about, kind, occasion, "failed", reason=refused.code)
        return "failed"
    except MailDelayed as delayed:
        outbox.end(about, kind, occasion, "waiting", reason=delayed.code)
        raise
    outbox.end(about, kind, occasion, "sent", message=message)
    return "sent"
