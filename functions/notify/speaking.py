"""Letting a bot tell what waits for it: in its hours, at its pace, each event once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from notify.due import StaffDue, due_of
from notify.wiring import Speaker
from notify.words import said
from quanyi.bots.hearing import is_urgent
from quanyi.bots.message import Message, Said, together
from quanyi.bots.outbox import A_MINUTE, Spoken, Turn, Waiting
from quanyi.bots.robots import Answer, cut, fits
from quanyi.bots.settings import BotSettings
from quanyi.http import log
from quanyi.ids import new_id

ALONE = 3
"""So many events at once have a message each; more of them share one."""
STALE = timedelta(days=2)
"""Nobody is helped by older news; the lists have it."""
SOON, LATER = 20, 180
"""Seconds until another try: when another run speaks, and when the provider could not be reached."""
MOST_WAIT = 900


@dataclass(frozen=True)
class Left:
    """Events that are still to be told, and in how many seconds to try again."""

    events: frozenset[str] = frozenset()
    wait: int = 0

    @classmethod
    def of(cls, events: Sequence[Waiting], wait: float) -> "Left":
        return cls(frozenset(event.id for event in events), max(1, min(MOST_WAIT, round(wait))))


def speak(speaker: Speaker, bot: BotSettings, until: datetime) -> Left:
    """What is left when the bot has told what it may; it begins nothing after `until`."""
    now, outbox = speaker.now(), speaker.outbox
    turn = outbox.take_turn(bot.name, new_id("T", speaker.draw), now)
    if turn is None:
        return Left.of(outbox.waiting(bot.name), SOON)
    spoken = Spoken()
    try:
        waiting = _fresh(speaker, bot, now)
        quiet_until = bot.quiet.ends_after(now, speaker.zone) if bot.quiet else None
        ready = [w for w in waiting if quiet_until is None or _is_loud(bot, w)]
        if turn.silent_until:
            return Left.of(waiting, (turn.silent_until - now).total_seconds())
        if ready:
            turn, spoken, left, wait = _tell(speaker, bot, turn, ready, until)
            if left:
                return Left.of([w for w in waiting if w in left or w not in ready], wait)
        asleep = [w for w in waiting if w not in ready]
        return Left.of(asleep, (quiet_until - now).total_seconds()) if quiet_until and asleep else Left()
    finally:
        outbox.end_turn(turn, spoken)


def _fresh(speaker: Speaker, bot: BotSettings, now: datetime) -> list[Waiting]:
    waiting = speaker.outbox.waiting(bot.name)
    stale = [event for event in waiting if event.at < now - STALE]
    speaker.outbox.settle(bot.name, stale, "failed", reason="stale")
    return [event for event in waiting if event not in stale]


def _is_loud(bot: BotSettings, waiting: Waiting) -> bool:
    due = _due(waiting)
    return bool(bot.quiet and not bot.quiet.urgent_too and is_urgent(due.event))


def _tell(
    speaker: Speaker, bot: BotSettings, turn: Turn, ready: list[Waiting], until: datetime
) -> tuple[Turn, Spoken, list[Waiting], int]:
    """Sends until all is told, the minute is full, or the provider wants no more; what is left, and the wait."""
    spoken, left = Spoken(), list(ready)
    live = speaker.secrets.read(bot.name)
    if not live:
        speaker.outbox.settle(bot.name, ready, "failed", reason="no_webhook")
        return turn, replace(spoken, trouble="no_webhook", trouble_at=speaker.now()), [], 0
    for message, events in _messages(speaker, bot, ready, bot.pace - len(turn.sent)):
        now = speaker.now()
        recent = [at for at in turn.sent if at > now - A_MINUTE]
        if len(recent) >= bot.pace:
            return turn, spoken, left, round((recent[0] + A_MINUTE - now).total_seconds()) + 1
        if now > until:
            return turn, spoken, left, SOON
        answer = speaker.webhook.tell(bot.kind, live[0], message, now)
        turn = replace(turn, sent=(*recent, now))
        log().info("bot", extra={"bot": bot.name, "outcome": answer.outcome, "code": answer.code, "told": len(events)})
        if answer.outcome == "told":
            spoken = replace(spoken, told_at=now)
        else:
            spoken = replace(spoken, trouble=answer.code, trouble_at=now)
        if not _settled(speaker, bot, answer, events):
            silent = now + timedelta(seconds=answer.wait) if answer.wait else None
            return replace(turn, silent_until=silent), spoken, left, answer.wait or LATER
        left = [event for event in left if event not in events]
    return turn, spoken, left, 0


def _settled(speaker: Speaker, bot: BotSettings, answer: Answer, events: list[Waiting]) -> bool:
    """Notes how it went; whether that is the end of it."""
    match answer.outcome:
        case "told":
            speaker.outbox.settle(bot.name, events, "told")
        case "refused":
            speaker.outbox.settle(bot.name, events, "failed", reason=answer.code)
        case "later":
            return False
        case "unclear":
            twice = [event for event in events if event.unsure]
            speaker.outbox.settle(bot.name, twice, "failed", reason=answer.code)
            speaker.outbox.doubt(bot.name, [event for event in events if not event.unsure])
            return len(twice) == len(events)
    return True


def _messages(
    speaker: Speaker, bot: BotSettings, ready: Sequence[Waiting], room: int
) -> Iterator[tuple[Message, list[Waiting]]]:
    """A message each for a few events; for more than that, or than there is room for in this minute, messages of a line
    for each, as long as the provider takes them."""
    spoken = [(event, said(_due(event), bot.language, speaker.zone, speaker.staff_url)) for event in ready]
    if len(spoken) <= min(ALONE, max(1, room)):
        for event, words in spoken:
            yield cut(bot.kind, words.alone()), [event]
        return
    bundle: list[tuple[Waiting, Said]] = []
    for one in spoken:
        if bundle and not fits(bot.kind, _bundled([*bundle, one], bot)):
            yield _bundled(bundle, bot), [event for event, _ in bundle]
            bundle = []
        bundle.append(one)
    yield _bundled(bundle, bot), [event for event, _ in bundle]


def _bundled(bundle: Sequence[tuple[Waiting, Said]], bot: BotSettings) -> Message:
    return together([words for _, words in bundle], bot.language)


def _due(waiting: Waiting) -> StaffDue:
    due = due_of(waiting.message)
    assert isinstance(due, StaffDue)
    return due
