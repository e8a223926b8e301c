"""What to do next: the night's insights, as a digest tells them."""

from collections.abc import Iterable

from quanyi.insights.model import Insight
from reports.digest.views import Step

MOST_STEPS = 5


def steps_of(insights: Iterable[Insight]) -> list[Step]:
    """The most urgent, in their own order; none where none were found."""
    steps = [Step(insight=one.id, severity=one.severity, title=one.title, todo=one.action.text) for one in insights]
    return steps[:MOST_STEPS]
