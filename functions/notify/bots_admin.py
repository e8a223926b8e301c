"""`/v1/admin/bots`: the operator sets up who is told in which chat group, and tries it."""

import hashlib
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path
from pydantic import Field

from notify.wiring import BotDesk, bot_desk
from quanyi.bots.message import Line, Message
from quanyi.bots.robots import Answer, Outcome, fault_in_address
from quanyi.bots.settings import BotName, BotSettings, BotTerms
from quanyi.callers import Caller
from quanyi.catalog.model import Language
from quanyi.clock import Timestamp
from quanyi.errors import Conflict, Invalid, NotFound
from quanyi.http import Body, CallerParam, IdempotencyKey, View, entry, rest_api
from quanyi.mail.link import staff_link
from quanyi.secret import Secret

app = rest_api()

PathBot = Annotated[BotName, Path(description="The name it was set up under")]
_PLAIN_STAGES = ("local", "dev")

_TRIAL: dict[Language, tuple[str, str, str]] = {
    "zh-CN": ("Quanyi 测试消息", "机器人“{label}”已接通，预警将发送到这里。", "查看预警"),
    "en": ("A test message of Quanyi", "The bot “{label}” works: alerts will be told here.", "See the alerts"),
}


class BotBody(BotTerms):
    """Replaces the bot's settings; makes them where `version` is 0."""

    version: Annotated[int, Field(ge=0, strict=True, description="As last read, or 0: refused when it has changed")]

    @property
    def terms(self) -> BotTerms:
        return BotTerms.model_validate(self.model_dump(include=set(BotTerms.model_fields)))


class WebhookBody(Body):
    """The address that the provider gave the bot, and the secret it signs with where the group asks for that (DingTalk
    加签, Feishu 签名校验). Neither is ever read back."""

    webhook: Annotated[Secret, Field(min_length=1, max_length=1000)]
    secret: Annotated[Secret | None, Field(min_length=1, max_length=256)] = None


class BotView(View):
    """`told_at`: when it last told something; `trouble`: what went wrong last, if it did since: a provider's code, or
    `not_reached`, `no_answer`, `no_webhook`, `http_502`."""

    name: str
    terms: BotTerms
    has_webhook: bool
    told_at: Timestamp | None = None
    trouble: str | None = None
    trouble_at: Timestamp | None = None
    version: int
    changed_by: str
    updated_at: Timestamp

    @classmethod
    def of(cls, desk: BotDesk, bot: BotSettings) -> "BotView":
        spoken = desk.outbox.spoken(bot.name)
        return cls(
            name=bot.name,
            terms=bot.terms,
            has_webhook=bool(desk.secrets.read(bot.name)),
            told_at=spoken.told_at,
            trouble=spoken.trouble or None,
            trouble_at=spoken.trouble_at,
            version=bot.version,
            changed_by=bot.changed_by,
            updated_at=bot.updated_at,
        )


class BotsView(View):
    items: list[BotView]


class TrialView(View):
    """`told`: look into the group. Otherwise `code` is the provider's, or what `BotView.trouble` may be."""

    outcome: Outcome
    code: str


@app.get("/v1/admin/bots", summary="Bots in chat groups", tags=["admin"])
def listed(caller: CallerParam) -> BotsView:
    caller.needs("operator")
    return BotsView(items=[BotView.of(bot_desk(), bot) for bot in bot_desk().bots.every()])


@app.put("/v1/admin/bots/<bot>", summary="Set a bot up", tags=["admin"])
def written(bot: PathBot, body: BotBody, caller: CallerParam) -> BotView:
    return BotView.of(bot_desk(), save_terms(bot_desk(), caller, bot, body.version, body.terms))


@app.put("/v1/admin/bots/<bot>/webhook", summary="Change a bot's address", tags=["admin"])
def webhook(bot: PathBot, body: WebhookBody, key: IdempotencyKey, caller: CallerParam) -> BotView:
    """It is used within five minutes."""
    return BotView.of(bot_desk(), save_webhook(bot_desk(), caller, bot, body, key))


@app.post("/v1/admin/bots/<bot>/test", summary="Have a bot say something", tags=["admin"])
def tried(bot: PathBot, caller: CallerParam) -> TrialView:
    """At once, whatever its hours; also when it is not enabled."""
    caller.needs("operator")
    answer = try_bot(bot_desk(), bot)
    return TrialView(outcome=answer.outcome, code=answer.code)


def save_terms(desk: BotDesk, caller: Caller, name: str, version: int, terms: BotTerms) -> BotSettings:
    """Over the version that was last read (0: there was none). The same again answers what it made.

    Raises Forbidden, Conflict (`stale_version`, `kind_fixed`: its address is of the other provider).
    """
    caller.needs("operator")
    kept = _kept(desk, name)
    if kept and (kept.version, kept.terms, kept.changed_by) == (version + 1, terms, caller.name):
        return kept
    if kept and kept.kind != terms.kind:
        raise Conflict("Its address is of the other provider: set another bot up.", reason="kind_fixed")
    made = {"name": name, "version": version + 1, "changed_by": caller.name, "updated_at": desk.now()}
    bot = BotSettings.model_validate(terms.model_dump() | made)
    desk.bots.save(bot)
    return bot


def save_webhook(desk: BotDesk, caller: Caller, name: str, body: WebhookBody, key: str) -> BotSettings:
    """Raises Forbidden, NotFound, Invalid (`webhook`), KeyReused, Busy."""
    caller.needs("operator")
    bot = desk.bots.get(name)
    if fault := fault_in_address(bot.kind, body.webhook, anywhere=desk.stage in _PLAIN_STAGES):
        raise Invalid(fault, reason="webhook")
    token = hashlib.sha256(f"{name}\x1f{caller.key_id}\x1f{key}".encode()).hexdigest()
    values = {"webhook": body.webhook, **({"secret": body.secret} if body.secret else {})}
    desk.secrets.write(name, values, token)
    return bot


def try_bot(desk: BotDesk, name: str) -> Answer:
    """Raises NotFound, Conflict (`webhook_missing`)."""
    bot = desk.bots.get(name)
    live = desk.secrets.read(name, no_older_than=0)
    if not live:
        raise Conflict("The bot has no address yet.", reason="webhook_missing")
    title, text, label = _TRIAL[bot.language]
    lines = Line(text.format(label=bot.label)), Line(label, staff_link(desk.staff_url, "alerts", ""))
    return desk.webhook.tell(bot.kind, live[0], Message(title, lines), desk.now())


def _kept(desk: BotDesk, name: str) -> BotSettings | None:
    try:
        return desk.bots.get(name)
    except NotFound:
        return None


handler = entry(app)
