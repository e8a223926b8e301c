"""Every morning: asks the providers that are set up for the settlement files of the last days, and puts those that are
not here yet where an operator's upload would lie. The import is the same then."""

from datetime import timedelta
from typing import Any

from quanyi.clock import day as day_of
from quanyi.http import log
from quanyi.ids import derived_id
from quanyi.payments.port import Billing, NoSuchProvider, ProviderUnavailable
from reports.upload import Place
from reports.wiring import Office, office

DAYS_BACK = 3
"""A provider that was late, or did not answer yesterday, is asked again."""


def handler(event: dict[str, Any], context: Any) -> dict[str, str]:
    """EventBridge Scheduler. Answers what became of each file that was not here."""
    found = fetch(office())
    log().info("settlement files fetched", extra={"files": found})
    return found


def fetch(office: Office) -> dict[str, str]:
    found: dict[str, str] = {}
    settings = office.providers.settings.every() if office.providers.settings else {}
    for name in sorted(settings):
        kind = office.providers.kinds.get(name)
        if kind is None or not kind.bill_zone:
            continue
        for back in range(1, DAYS_BACK + 1):
            day = day_of(office.now() - timedelta(days=back), kind.bill_zone)
            if office.settlements.file(name, day) is None:
                found[f"{name} {day}"] = _fetch(office, name, day)
    return found


def _fetch(office: Office, name: str, day: str) -> str:
    try:
        provider = office.providers.get(name)
        data = provider.bill(day) if isinstance(provider, Billing) else None
    except (NoSuchProvider, ProviderUnavailable) as refused:
        return refused.code
    if data is None:
        return "not_there_yet"
    now = office.now()
    place = Place(name, day, derived_id("I", name, day, day_of(now, office.zone)))
    office.settlements.announce(*place, by="system", now=now)
    office.uploads.put(place, data)
    return "fetched"
