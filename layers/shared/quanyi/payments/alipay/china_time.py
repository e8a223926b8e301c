"""Alipay tells and wants times as `yyyy-MM-dd HH:mm:ss` of China's clock, whatever the machine's own zone is."""

from datetime import UTC, datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8))
"""China has had no summer time since 1991."""

_FORMAT = "%Y-%m-%d %H:%M:%S"


def china_text(moment: datetime) -> str:
    """The second that `moment` is in, cut and not rounded."""
    return moment.astimezone(CHINA).strftime(_FORMAT)


def china_moment(text: object) -> datetime:
    """In UTC. Raises ValueError."""
    if not isinstance(text, str):
        raise ValueError("this is not a time")  # noqa: TRY004 - callers catch one class for all that cannot be read
    return datetime.strptime(text.strip(), _FORMAT).replace(tzinfo=CHINA).astimezone(UTC)
