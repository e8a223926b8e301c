"""Conditions that a merchant writes, evaluated by zen-engine: data, never code.

A condition is one expression of the engine's standard language (https://docs.gorules.io/developers/bre/standard) that
answers true or false: `order.total > 50000 and ip.placed_1h >= 3`. It sees the facts it is given and nothing else: no
clock, no chance, no file. The engine is 25 MB of compiled code, which only functions that judge by rules carry.

Many conditions are compiled into one list, since the price of an evaluation is handing the facts over. When one of them
fails at run time the engine gives no answer for any, so that they are asked one by one then: an error is an answer of
its own (`Failed`), never a silent "no".
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

LONGEST = 1000
"""Characters of one condition."""
MOST = 200
"""Conditions of one list."""

_TEXT = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'")
_PLACE = re.compile(r"(?<![\w.#$])[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*\b(?!\s*\(|\.)")
_KEYWORD = re.compile(r"\b(and|or|not|in|true|false|null)\b")
_RANGE = re.compile(r"(\bin\s*)?[\[(]\s*[^\[\]()]*?\.\.")
_REPEATS = re.compile(r"\b(map|flatMap|filter|some|all|none|one|count|repeat|rand)\s*\(")
_CLOCK = re.compile(r"\b(d\s*\(\s*\)|(date|time|d)\s*\(\s*(['\"])\s*now\s*\3)")
_TEMPLATE = "`"


@dataclass(frozen=True)
class Failed:
    """A condition that gave no yes or no: `reason` is the engine's word, without the facts."""

    reason: str


@dataclass(frozen=True)
class Fault:
    """Why a condition cannot be taken: `code` is stable, `detail` says where or what."""

    code: str
    detail: str


@dataclass(frozen=True)
class Conditions:
    """Conditions compiled together; `of` makes them. Keep it as long as they last: compiling costs more than asking."""

    texts: tuple[str, ...]
    _whole: Any = field(repr=False, compare=False)

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Conditions":
        """Of conditions that `fault_in` let pass. Others may be among them: they answer Failed."""
        return cls(tuple(texts), _compiled(f"[{','.join(f'({text})' for text in texts)}]"))

    def answers(self, facts: Mapping[str, Any]) -> list[bool | Failed]:
        """One answer for each condition, in their order."""
        if not self.texts:
            return []
        told = json.dumps(facts)
        whole = _answer(self._whole, told) if self._whole else None
        if isinstance(whole, list) and len(found := cast("list[Any]", whole)) == len(self.texts):
            return [_truth(answer) for answer in found]
        return [_truth(_answer(_compiled(text), told)) for text in self.texts]


def fault_in(text: str, sample: Mapping[str, Any]) -> Fault | None:
    """Why a condition cannot be saved: `too_long`, `syntax`, `unbounded`, `clock`, `unknown_field`, or `no_truth` where
    it answers no yes or no over `sample`, which holds every field that facts have, each with a value of its type."""
    if not text.strip() or len(text) > LONGEST:
        return Fault("too_long", f"A condition has 1 to {LONGEST} characters.")
    bare = _TEXT.sub("''", text)
    if _TEMPLATE in text or _REPEATS.search(bare) or any(not hit[1] for hit in _RANGE.finditer(bare)):
        return Fault("unbounded", "Only ranges as in `x in [a..b]`; no templates and no functions over lists.")
    if _CLOCK.search(text):
        return Fault("clock", "The engine's own clock is not asked: what is told of the time is among the facts.")
    if "$" in bare:
        return Fault("unknown_field", "$")
    if problem := _engine().validate_expression(text):
        return Fault("syntax", f"{problem['type']}: {problem['source']}")
    for name in fields_of(text):
        if not _there(sample, name):
            return Fault("unknown_field", name)
    answer = _truth(_answer(_compiled(text), json.dumps(sample)))
    return Fault("no_truth", answer.reason) if isinstance(answer, Failed) else None


def fields_of(text: str) -> list[str]:
    """The facts that a condition asks for, by their dotted names, each once."""
    found = _PLACE.findall(_KEYWORD.sub(" ", _TEXT.sub("''", text)))
    return list(dict.fromkeys(found))


def _there(facts: Mapping[str, Any], name: str) -> bool:
    at: Any = facts
    for part in name.split("."):
        if not isinstance(at, Mapping) or part not in at:
            return False
        at = cast("Mapping[str, Any]", at)[part]
    return not isinstance(at, Mapping)


def _truth(answer: Any) -> bool | Failed:
    if isinstance(answer, bool | Failed):
        return answer
    return Failed(f"not a yes or no but {type(answer).__name__}")


def _answer(compiled: Any, facts: str) -> Any:
    if isinstance(compiled, Failed):
        return compiled
    try:
        return compiled.evaluate(facts)
    except RuntimeError as error:
        return Failed(_reason(error))


def _compiled(text: str) -> Any:
    try:
        return _engine().compile_expression(text)
    except RuntimeError as error:
        return Failed(_reason(error))


def _reason(error: RuntimeError) -> str:
    """The engine's first line, `{"type": ..., "source": ...}`; behind it comes its own stack."""
    line = str(error).partition("\n")[0]
    try:
        told = json.loads(line)
        return f"{told['type']}: {told['source']}"[:200]
    except (ValueError, KeyError, TypeError):
        return "the engine failed"


def _engine() -> Any:
    import zen  # noqa: PLC0415 - heavy: loaded by the functions that judge, when they do

    return zen
