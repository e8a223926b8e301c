"""Which events a bot tells of."""

from quanyi.alerts.kinds import is_worse
from quanyi.bots.settings import BotTerms, News
from quanyi.events.alerts import AlertEvent
from quanyi.events.model import (
    AlertRecovered,
    BooksDiffered,
    CaseDueSoon,
    CaseOpened,
    ReviewDueSoon,
    ReviewOpened,
    ShopEvent,
)

_NEWS: dict[type[ShopEvent], News] = {
    CaseOpened: "cases",
    CaseDueSoon: "cases",
    ReviewOpened: "reviews",
    ReviewDueSoon: "reviews",
    BooksDiffered: "books",
}


def hears(bot: BotTerms, event: ShopEvent) -> bool:
    if not bot.enabled:
        return False
    if not isinstance(event, AlertEvent):
        return _NEWS.get(type(event)) in bot.news
    if isinstance(event, AlertRecovered) and not bot.recoveries:
        return False
    return event.kind in bot.alerts and not is_worse(bot.least_severity, event.severity)


def is_urgent(event: ShopEvent) -> bool:
    """Whether it is told in quiet hours, too, unless the bot is quiet about everything then."""
    return isinstance(event, AlertEvent) and not isinstance(event, AlertRecovered) and event.severity == "critical"
