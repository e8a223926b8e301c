"""What each bot has to tell, and what it told: an event once, whoever brings it and however often. In the stats table.

    BOT#<bot>   EVENT#<id>        how it went: waiting -> told | failed
    BOT#<bot>   TODO#<at>#<id>    the event, while it waits
    BOT#<bot>   TURN              who speaks now, when it spoke in the last minute, what went wrong last

**One speaks at a time.** A run takes the bot's turn, so that the minute's messages are counted by whoever sends them. A
run that dies leaves its turn behind until it ends, which is later than the minute that it counted.

**Once.** An event leaves the list with the note that it was told, in one transaction. A run that dies between sending
and noting lets the next one send again; an answer that does not come is followed by one more try, and then by none.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from quanyi.clock import moment, stamp
from quanyi.table import ConditionFailed, Item, Key, Table

A_TURN = timedelta(seconds=90)
"""Longer than the function that speaks may run, and than the minute that is counted."""
A_MINUTE = timedelta(minutes=1)
KEPT_FOR = timedelta(days=14)
"""Longer than the queue brings an event again."""

FREE = "attribute_not_exists(#until) OR #until <= :now"
MINE = "#by = :by"
WAITING = "#state = :waiting"


@dataclass(frozen=True)
class Waiting:
    """An event that a bot is to tell. `unsure`: it was sent once, and nobody knows what became of it."""

    id: str
    at: datetime
    message: str
    """The event as it came: JSON with `detail-type` and `detail`."""
    unsure: bool = False


@dataclass(frozen=True)
class Turn:
    """The right to speak. `sent` are the moments of the last minute's messages; `silent_until` is what the provider
    wants."""

    bot: str
    by: str
    sent: tuple[datetime, ...]
    silent_until: datetime | None

    def having_sent(self, now: datetime) -> "Turn":
        return replace(self, sent=(*self.sent, now))


@dataclass(frozen=True)
class Spoken:
    """How a bot fares: when it last told something, and what went wrong last (a code), if it did since."""

    told_at: datetime | None = None
    trouble: str = ""
    trouble_at: datetime | None = None


@dataclass(frozen=True)
class BotOutbox:
    """`table` is the stats table."""

    table: Table

    def note(self, bot: str, event: Waiting, now: datetime) -> bool:
        """That it is to be told. False: it was told already, or can't be."""
        expires = int((now + KEPT_FOR).timestamp())
        state: Item = {**_event(bot, event.id), "v": 1, "state": "waiting", "expires": expires}
        todo: Item = {**_todo(bot, event), "v": 1, "message": event.message, "expires": expires}
        try:
            self.table.together(
                [
                    self.table.write_put(state, condition="attribute_not_exists(pk)"),
                    self.table.write_put(todo),
                ]
            )
        except ConditionFailed as failed:
            return failed.item.get("state") == "waiting"
        return True

    def waiting(self, bot: str) -> list[Waiting]:
        """Oldest first."""
        found = self.table.query_all(
            "pk = :pk AND begins_with(sk, :todo)", pk=f"BOT#{bot}", todo="TODO#", consistent=True
        )
        return [_waiting(item) for item in found]

    def settle(
        self, bot: str, events: Sequence[Waiting], state: Literal["told", "failed"], *, reason: str | None = None
    ) -> None:
        """How it went. Harmless when it was noted."""
        for event in events:
            sets = "SET #state = :to" + (", reason = :reason" if reason else "")
            values: dict[str, Any] = {"to": state, "waiting": "waiting", **({"reason": reason} if reason else {})}
            try:
                self.table.together(
                    [
                        self.table.write_update(_event(bot, event.id), sets, condition=WAITING, **values),
                        self.table.write_delete(_todo(bot, event)),
                    ]
                )
            except ConditionFailed:
                self.table.delete(_todo(bot, event))

    def doubt(self, bot: str, events: Sequence[Waiting]) -> None:
        """Notes that nobody knows whether they were told."""
        for event in events:
            try:
                self.table.update(_todo(bot, event), "SET unsure = :yes", condition="attribute_exists(pk)", yes=True)
            except ConditionFailed:
                continue

    def take_turn(self, bot: str, by: str, now: datetime) -> Turn | None:
        """None while another run has it."""
        try:
            item = self.table.update(
                _turn(bot),
                "SET #until = :until, #by = :by, v = :one",
                condition=FREE,
                until=stamp(now + A_TURN),
                by=by,
                now=stamp(now),
                one=1,
            )
        except ConditionFailed:
            return None
        sent = tuple(at for text in item.get("sent", []) if (at := moment(text)) > now - A_MINUTE)
        silent = moment(item["silent_until"]) if "silent_until" in item else None
        return Turn(bot, by, sent, silent if silent and silent > now else None)

    def end_turn(self, turn: Turn, spoken: Spoken) -> None:
        """Lets another run speak. Harmless when the turn is over."""
        kept = {"silent_until": turn.silent_until, "told_at": spoken.told_at, "trouble_at": spoken.trouble_at}
        values: dict[str, Any] = {name: stamp(at) for name, at in kept.items() if at}
        values |= {"sent": [stamp(at) for at in turn.sent], **({"trouble": spoken.trouble} if spoken.trouble else {})}
        gone = ["#until", *([] if turn.silent_until else ["silent_until"])]
        if spoken.told_at and not spoken.trouble:
            gone += ["trouble", "trouble_at"]
        change = f"SET {', '.join(f'#{name} = :{name}' for name in values)} REMOVE {', '.join(gone)}"
        values["by"] = turn.by
        try:
            self.table.update(_turn(turn.bot), change, condition=MINE, **values)
        except ConditionFailed:
            return

    def spoken(self, bot: str) -> Spoken:
        item = self.table.get(_turn(bot)) or {}
        told, trouble = item.get("told_at"), item.get("trouble_at")
        return Spoken(moment(told) if told else None, item.get("trouble", ""), moment(trouble) if trouble else None)


def _waiting(item: Item) -> Waiting:
    _, at, event = item["sk"].split("#")
    return Waiting(event, moment(at), item["message"], item.get("unsure", False))


def _event(bot: str, event: str) -> Key:
    return {"pk": f"BOT#{bot}", "sk": f"EVENT#{event}"}


def _todo(bot: str, event: Waiting) -> Key:
    return {"pk": f"BOT#{bot}", "sk": f"TODO#{stamp(event.at)}#{event.id}"}


def _turn(bot: str) -> Key:
    return {"pk": f"BOT#{bot}", "sk": "TURN"}
