"""Codes find every slip, cannot be guessed, and come out the same again."""

import math
import re
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quanyi.vault.fingerprint import fingerprint
from quanyi.vault.keys import Purpose
from quanyi.vouchers.code import (
    ALPHABET,
    DEFAULT_TEMPLATE,
    DIGITS,
    LEAST_BITS,
    bits_of,
    check_template,
    code_of,
    derived_code,
    derived_pin,
    plain,
    well_formed,
)

RAW = st.binary(min_size=32, max_size=32)
TEMPLATES = st.sampled_from(
    [DEFAULT_TEMPLATE, "CAFE-****-****-****-****-**?", "#" * 27 + "?", "A" * 20 + "*" * 20 + "-?", "**-" * 13 + "?"]
)


class Keys:
    def key(self, purpose: Purpose) -> bytes:
        return purpose.encode().ljust(32)

    def mac(self, purpose: Purpose, *parts: str) -> str:
        return fingerprint(self.key(purpose), *parts)


@given(raw=RAW, template=TEMPLATES)
def test_every_single_wrong_letter_is_found(raw: bytes, template: str) -> None:
    code = plain(code_of(template, raw))
    assert well_formed(code)
    for place, right in enumerate(code):
        for wrong in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ":
            if wrong != right:
                assert not well_formed(code[:place] + wrong + code[place + 1 :])


@given(raw=RAW, template=TEMPLATES)
def test_every_swap_of_neighbours_is_found(raw: bytes, template: str) -> None:
    code = plain(code_of(template, raw))
    for place in range(len(code) - 1):
        one, other = code[place], code[place + 1]
        if one != other:
            assert not well_formed(code[:place] + other + one + code[place + 2 :])


@given(raw=RAW, template=TEMPLATES)
def test_a_letter_left_out_or_doubled_is_never_the_same_code(raw: bytes, template: str) -> None:
    code = plain(code_of(template, raw))
    for place in range(len(code)):
        assert code[:place] + code[place + 1 :] != code
    assert len(code) == len(template.replace("-", ""))


@given(raw=RAW, template=TEMPLATES)
def test_it_has_the_templates_form(raw: bytes, template: str) -> None:
    kinds = {"*": f"[{ALPHABET}]", "#": f"[{DIGITS}]", "?": f"[{ALPHABET}]"}
    assert re.fullmatch("".join(kinds.get(symbol, re.escape(symbol)) for symbol in template), code_of(template, raw))


@given(raw=RAW)
def test_it_is_read_however_it_is_typed(raw: bytes) -> None:
    code = code_of(DEFAULT_TEMPLATE, raw)
    full_width = "".join(chr(ord(letter) + 0xFEE0) if letter.isalnum() else letter for letter in code)
    typed = (code.lower(), code.replace("-", ""), f"  {code.replace('-', ' ')} ", full_width)
    assert {plain(text) for text in typed} == {code.replace("-", "")}


def test_no_letter_looks_like_another() -> None:
    assert len(set(ALPHABET)) == len(ALPHABET) == 23
    # Of each pair that hands and eyes mix up, at most one letter is there.
    for pair in ("0O", "1I", "1L", "5S", "2Z", "8B", "UV", "VY", "QO", "GC", "NM", "0D"):
        assert not set(pair) <= set(ALPHABET)


def test_the_default_cannot_be_guessed() -> None:
    assert bits_of(DEFAULT_TEMPLATE) >= LEAST_BITS
    assert bits_of(DEFAULT_TEMPLATE) == pytest.approx(19 * math.log2(23))


@pytest.mark.parametrize(
    "template",
    [
        "",
        "?",
        "*" * 17 + "?",  # 77 bits
        "#" * 26 + "?",  # 78 bits
        "*" * 19,
        "?" + "*" * 19,
        "*" * 19 + "??",
        "*" * 41 + "?",
        "A" * 45 + "*" * 20 + "?",
        "O" + "*" * 19 + "?",
        "a" + "*" * 19 + "?",
        "-" + "*" * 19 + "?",
        "**--" + "*" * 19 + "?",
        "*" * 19 + "? ",
        "券" + "*" * 19 + "?",
    ],
)
def test_a_template_that_cannot_be(template: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        check_template(template)


@given(template=TEMPLATES)
def test_a_template_that_can(template: str) -> None:
    assert check_template(template) == template


def test_codes_and_pins_come_out_the_same_and_apart() -> None:
    def both(*of: str) -> tuple[str, str]:
        pin = derived_pin(Keys(), 6, *of)
        assert pin
        return derived_code(Keys(), DEFAULT_TEMPLATE, *of).reveal(), pin.reveal()

    assert both("VS1", "1") == both("VS1", "1")
    many = [both("VS1", str(number)) for number in range(500)] + [both("VS", f"1{number}") for number in range(500)]
    assert len({code for code, _ in many}) == 1000
    assert all(re.fullmatch("[0-9]{6}", pin) for _, pin in many)
    assert derived_pin(Keys(), 0, "VS1", "1") is None


def test_letters_are_even() -> None:
    letters = [letter for number in range(2000) for letter in code_of("*" * 19 + "?", _raw(number))[:-1]]
    expected = len(letters) / len(ALPHABET)
    chi_squared = sum((letters.count(letter) - expected) ** 2 / expected for letter in ALPHABET)
    assert chi_squared < 60  # 22 degrees of freedom: beyond 60 once in 40,000; the numbers are always the same


def _raw(number: int) -> bytes:
    return sha256(str(number).encode()).digest()
