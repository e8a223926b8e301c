"""The thresholds of insights as the merchant has set them, on the facts table (`choices.table`):

INSIGHT_RULES   000001
"""

from quanyi.choices.table import ChoicesTable
from quanyi.insights.thresholds import DEFAULTS, Thresholds
from quanyi.table import Item, Table

RULES = "INSIGHT_RULES"


def thresholds(facts: Table) -> ChoicesTable[Thresholds]:
    return ChoicesTable(facts, RULES, DEFAULTS, _told, _read)


def _told(chosen: Thresholds) -> Item:
    return {"rules": chosen.model_dump_json()}


def _read(item: Item) -> Thresholds:
    return Thresholds.model_validate_json(item["rules"])
