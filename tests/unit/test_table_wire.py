"""Items in DynamoDB's typed form: what boto3 makes of them, and back again."""

from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from quanyi.table import from_wire, to_wire

plain = st.none() | st.booleans() | st.integers(-(10**38) + 1, 10**38 - 1) | st.text(max_size=5) | st.binary(max_size=5)
sets = st.sets(st.text(min_size=1, max_size=5), min_size=1, max_size=4) | st.sets(
    st.integers(0, 99), min_size=1, max_size=4
)
values = st.recursive(
    plain | sets | st.just(Decimal("1.5")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text(min_size=1, max_size=4), values, max_size=4))
def test_the_wire_form_is_the_one_that_boto3_makes(item: dict[str, Any]) -> None:
    kept = {name: value for name, value in item.items() if value is not None}
    assert to_wire(item) == {name: TypeSerializer().serialize(value) for name, value in kept.items()}


@given(st.dictionaries(st.text(min_size=1, max_size=4), values, max_size=4))
def test_what_comes_back_is_what_boto3_reads(item: dict[str, Any]) -> None:
    wire = {name: TypeSerializer().serialize(value) for name, value in item.items()}
    assert from_wire(wire) == {name: TypeDeserializer().deserialize(value) for name, value in wire.items()}


@given(st.dictionaries(st.text(min_size=1, max_size=4), st.booleans() | st.integers(-(10**38) + 1, 10**38 - 1)))
def test_numbers_and_truth_come_back_as_they_were(item: dict[str, Any]) -> None:
    found = from_wire(to_wire(item))
    assert [(name, type(value), value) for name, value in found.items()] == [
        (name, type(value), value) for name, value in item.items()
    ]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("-7", -7),
        ("1E+3", 1000),
        ("2.50", Decimal("2.5")),
        ("9" * 38, 10**38 - 1),
        ("-" + "9" * 37, 1 - 10**37),
    ],
)
def test_numbers_are_read_as_dynamodb_may_write_them(text: str, number: int | Decimal) -> None:
    found = from_wire({"n": {"N": text}})["n"]
    assert (type(found), found) == (type(number), number)


@pytest.mark.parametrize("wrong", [1.5, object(), {"inner": 1.5}, [1.5], 10**38 + 1])
def test_what_the_table_cannot_hold_exactly_is_refused(wrong: Any) -> None:
    with pytest.raises((TypeError, ArithmeticError)):
        to_wire({"value": wrong})
