"""A secret prints as stars wherever it may be printed, and a fingerprint finds a card however it is typed."""

import json
import logging
import pickle

import pytest
from aws_lambda_powertools import Logger
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from quanyi.cards.model import Face, card_id
from quanyi.http import Body
from quanyi.secret import Secret
from quanyi.vault.fingerprint import fingerprint, normalise
from quanyi.vault.sealing import Tampered, seal, unseal

KEY = b"k" * 32


class Holder(BaseModel):
    pin: Secret


class Paste(Body):
    lines: tuple[Secret, ...]


def test_a_secret_is_never_printed(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret("ABCD-1234")
    assert f"{secret} {secret!r} {secret:>20} {[secret]} {Holder(pin=secret)!r}".count("ABCD") == 0
    assert Holder(pin=secret).model_dump_json() == '{"pin":"***"}'
    assert "ABCD" not in repr(Holder(pin=secret).model_dump())
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    logging.getLogger("x").warning("%s", secret)
    Logger(service="x").info("it", extra={"secret": secret})
    assert "ABCD" not in caplog.text
    with pytest.raises(TypeError):
        json.dumps(secret)
    assert Holder.model_validate_json('{"pin": "ABCD-1234"}').pin.reveal() == "ABCD-1234"


def test_a_refused_body_does_not_repeat_its_secret() -> None:
    with pytest.raises(ValidationError) as refusal:
        Paste.model_validate({"lines": ["ABCD-1234", 17], "more": "ABCD-1234"})
    assert "ABCD" not in str(refusal.value)


@pytest.mark.parametrize("typed", ["ABCD-1234", " abcd 1234".upper(), "ＡＢＣＤ－１２３４", "ABCD\u20131234\u200b"])
def test_however_it_is_typed_it_is_the_same_card(typed: str) -> None:
    assert card_id(KEY, "apple", Face("code", Secret(typed))) == card_id(KEY, "apple", Face("code", Secret("ABCD1234")))


def test_issuer_case_and_use_make_another_card() -> None:
    face = Face("code", Secret("aBc"))
    ids = {
        card_id(KEY, "apple", face),
        card_id(KEY, "steam", face),
        card_id(KEY, "apple", Face("code", Secret("abc"))),
        card_id(KEY, "apple", face, use=0),
        card_id(KEY, "apple", face, use=1),
        card_id(b"x" * 32, "apple", face),
    }
    assert len(ids) == 6
    assert all(len(found) == 43 for found in ids)


@given(st.lists(st.text(max_size=8), min_size=1, max_size=4), st.lists(st.text(max_size=8), min_size=1, max_size=4))
def test_parts_are_joined_without_ambiguity(one: list[str], two: list[str]) -> None:
    assert (fingerprint(KEY, *one) == fingerprint(KEY, *two)) == (one == two)


@given(st.text())
def test_normalising_twice_is_normalising_once(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@given(st.text(max_size=200))
def test_what_is_sealed_opens_only_with_its_key_and_in_its_place(text: str) -> None:
    sealed = seal(KEY, text, "card1")
    assert unseal(KEY, sealed, "card1") == text
    for key, place, data in ((b"o" * 32, "card1", sealed), (KEY, "card2", sealed), (KEY, "card1", sealed[:-1] + b"?")):
        if data != sealed or key != KEY or place != "card1":
            with pytest.raises(Tampered):
                unseal(key, data, place)


def test_a_face_survives_its_text() -> None:
    face = Face("number_pin", Secret("6222"), Secret("密码1"))
    back = Face.from_text(face.to_text())
    assert (back.number, back.pin, back.format) == (face.number, face.pin, face.format)
    assert "6222" not in repr(face)
