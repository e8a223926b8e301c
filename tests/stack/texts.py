"""What the pages say, by the names of their texts: a test presses what a reader of either language sees."""

import json
import re
from functools import cache
from typing import Any

from tests.stack.browser import Language
from tools.local.layout import ROOT

_PLACE = re.compile(r"\{'(.)'\}|\{(\w+)\}")
"""What stands for a value, or a character that would else begin one."""


class Texts:
    """Those of an app (`shop`, `claim`, `counter`, `console`) and what all share."""

    def __init__(self, app: str, language: Language) -> None:
        self._known = _read(app, language)

    def __call__(self, name: str, **values: object) -> str:
        return _PLACE.sub(lambda found: found[1] or str(values[found[2]]), self._known[name])

    def like(self, name: str) -> re.Pattern[str]:
        """The whole text, whatever its values are."""
        pieces = _PLACE.split(self._known[name])
        # Between two texts lie a character and a name, one of them None.
        texts = [re.escape(text) for text in pieces[::3]]
        signs = [re.escape(sign) if sign else ".+" for sign in pieces[1::3]]
        return re.compile("^" + "".join(a + b for a, b in zip(texts, [*signs, ""], strict=True)) + "$")


@cache
def _read(app: str, language: Language) -> dict[str, str]:
    found: dict[str, str] = {}
    for folder in ("shared", app):
        for file in sorted((ROOT / "web" / folder).rglob(f"locales/{language}.json")):
            found |= _flat(json.loads(file.read_text(encoding="utf-8")))
    return found


def _flat(texts: dict[str, Any], above: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for name, text in texts.items():
        flat |= _flat(text, f"{above}{name}.") if isinstance(text, dict) else {above + name: str(text)}
    return flat
