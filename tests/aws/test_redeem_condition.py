"""What a merchant's own condition of use counts: as true as a limit, on the fast DynamoDB and on moto."""

from typing import Any

import pytest

from quanyi.redemptions.model import number_of
from quanyi.vouchers.refusals import NotUsable
from redeem.reversing import reverse
from tests.aws.conftest import Cloud
from tests.aws.counter import TILL, Counter
from tests.aws.memory import MemoryCloud


@pytest.fixture(params=["memory", "moto"])
def counter(request: pytest.FixtureRequest, cloud: Cloud) -> Counter:
    return Counter(MemoryCloud() if request.param == "memory" else cloud)  # type: ignore[arg-type]


@pytest.mark.parametrize("fact", ["member.uses", "member.uses_today", "voucher.used", "9 - voucher.left"])
def test_what_a_condition_counts_is_counted(counter: Counter, monkeypatch: pytest.MonkeyPatch, fact: str) -> None:
    """Though no limit of the rules asks for it, and also where another use comes between reading and writing."""
    rules = {"when": f"member.known and {fact} < 2"}
    series = counter.series(value={"kind": "times", "times": 9}, reversal_minutes=60, rules=rules)
    voucher = counter.hand_out(series)
    other = counter.hand_out(series) if fact.startswith("member") else voucher
    done = counter.redeem(voucher, "k1", member="u1")
    vouchers = counter.till.vouchers
    real = type(vouchers).redeem

    def late(*args: Any, **kwargs: Any) -> Any:
        monkeypatch.setattr(type(vouchers), "redeem", real)
        counter.redeem(other, "k2", member="u1")
        return real(*args, **kwargs)

    monkeypatch.setattr(type(vouchers), "redeem", late)
    for _ in range(2):
        with pytest.raises(NotUsable) as refused:
            counter.redeem(voucher, "k3", member="u1")
        assert [one.rule for one in refused.value.refused] == ["condition"]
    for _ in range(2):
        reverse(counter.till, TILL, number_of(voucher.card_id, done.use.id))
    counter.redeem(voucher, "k3", member="u1")
    with pytest.raises(NotUsable):
        counter.redeem(voucher, "k4", member="u1")


def test_a_condition_counts_members_only_where_it_asks(counter: Counter) -> None:
    series = counter.series(value={"kind": "times", "times": 3}, rules={"when": "not member.known or member.uses < 1"})
    voucher = counter.hand_out(series)
    counter.redeem(voucher, "k1")
    counter.redeem(voucher, "k2")
    assert not counter.cloud.contents("MembersTable")["MembersTable"]
    counter.redeem(voucher, "k3", member="u1")
    assert len(counter.cloud.contents("MembersTable")["MembersTable"]) == 1
