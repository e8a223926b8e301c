"""What the merchant set about a bot: everything but its address, which is a secret."""

from datetime import datetime, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from quanyi.alerts.kinds import KINDS, AlertKind, Severity
from quanyi.catalog.model import Language
from quanyi.clock import Timestamp

BotName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{1,31}$")]
BotKind = Literal["wecom", "dingtalk", "feishu"]
News = Literal["cases", "reviews", "books"]

MOST_A_MINUTE: dict[BotKind, int] = {"wecom": 20, "dingtalk": 20, "feishu": 100}
"""What the providers let through; `bots.robots` names their pages."""

_Clock = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class QuietHours(BaseModel):
    """Every day, in the shop's time zone: `22:00` to `08:00` is over night."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    starts: Annotated[_Clock, Field(examples=["22:00"])]
    ends: Annotated[_Clock, Field(examples=["08:00"])]
    urgent_too: Annotated[bool, Field(description="What is `critical` waits as well")] = False

    @model_validator(mode="after")
    def _has_an_end(self) -> "QuietHours":
        if self.starts == self.ends:
            raise ValueError("quiet hours end at another time than they start")
        return self

    def ends_after(self, now: datetime, zone: str) -> datetime | None:
        """When the quiet hours that `now` lies in are over; None outside of them."""
        here = now.astimezone(ZoneInfo(zone))
        starts, ends = time.fromisoformat(self.starts), time.fromisoformat(self.ends)
        at = here.time()
        inside = starts <= at < ends if starts < ends else (at >= starts or at < ends)
        if not inside:
            return None
        today = here.replace(hour=ends.hour, minute=ends.minute, second=0, microsecond=0)
        return today if at < ends else today + timedelta(days=1)


class BotTerms(BaseModel):
    """Which events a bot tells of, how, and when."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    kind: Annotated[BotKind, Field(description="`wecom` 企业微信, `dingtalk` 钉钉, `feishu` 飞书")]
    label: Annotated[str, StringConstraints(min_length=1, max_length=64), Field(description="For the shop's people")]
    language: Language = "zh-CN"
    alerts: Annotated[tuple[AlertKind, ...], Field(max_length=32, description="Kinds of alerts that it tells")] = KINDS
    least_severity: Annotated[Severity, Field(description="Alerts below are not told")] = "warning"
    recoveries: Annotated[bool, Field(description="Tells that an alert is over, too")] = True
    news: Annotated[tuple[News, ...], Field(max_length=8, description="What else it tells")] = ()
    quiet: Annotated[QuietHours | None, Field(description="What comes then is told together when they are over")] = None
    per_minute: Annotated[
        int | None,
        Field(ge=1, le=100, description="Messages a minute; what is over is bundled. The provider's by default"),
    ] = None
    enabled: bool = True

    @model_validator(mode="after")
    def _within_the_providers(self) -> "BotTerms":
        if self.per_minute and self.per_minute > MOST_A_MINUTE[self.kind]:
            raise ValueError(f"at most {MOST_A_MINUTE[self.kind]} a minute")
        return self

    @property
    def pace(self) -> int:
        return self.per_minute or MOST_A_MINUTE[self.kind]


class BotSettings(BotTerms):
    """As they are kept. `version` counts their changes."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    name: BotName
    version: int = 1
    changed_by: str = "system"
    updated_at: Timestamp

    @property
    def terms(self) -> BotTerms:
        return BotTerms.model_validate(self.model_dump(include=set(BotTerms.model_fields)))
