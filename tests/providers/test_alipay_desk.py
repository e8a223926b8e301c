"""Alipay's bills and complaints, the merchant's keys, and amounts."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from io import BytesIO
from zipfile import ZipFile

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from quanyi.errors import Invalid, Malformed, NotFound
from quanyi.payments.access import Access
from quanyi.payments.alipay.amounts import fen, yuan
from quanyi.payments.alipay.bill import rows
from quanyi.payments.alipay.china_time import china_moment, china_text
from quanyi.payments.alipay.keys import check
from quanyi.payments.port import CaseTold, ProviderUnavailable, SettlementRow
from quanyi.secret import Secret
from tests.providers.alipay_shop import KEYS, NOON, PAYMENT, Shop, access_to, shop
from tools.local.providers.alipay_bill import COLUMNS

__all__ = ["shop"]

# Bills.


def test_the_bill_of_a_day(shop: Shop) -> None:
    taken = shop.paid()
    asked = shop.refunding(taken, 500)
    shop.clock.on(minutes=1)
    shop.provider.refund(asked)
    shop.clock.on(minutes=1)
    shop.server.console_refund(PAYMENT, 300)
    assert shop.provider.bill("2026-11-23") is None  # the day is not over
    shop.clock.on(days=1)
    data = shop.provider.bill("2026-11-23")
    assert data is not None
    assert list(rows(data)) == [
        SettlementRow("payment", taken.transaction, PAYMENT, 1999, 12, "CNY", NOON),
        SettlementRow("refund", taken.transaction, asked.refund, 500, 0, "CNY", NOON + timedelta(minutes=1)),
        SettlementRow("refund", taken.transaction, "", 300, 0, "CNY", NOON + timedelta(minutes=2)),
    ]
    assert shop.provider.bill("2026-11-22") is None


@pytest.mark.parametrize("mode", ["down", "system_error", "forged"])
def test_a_bill_that_cannot_be_had(shop: Shop, mode: str) -> None:
    shop.server.fail(mode)
    with pytest.raises(ProviderUnavailable):
        shop.provider.bill("2026-11-23")


def bill_of(*lines: str, encoding: str = "gbk") -> bytes:
    file = BytesIO()
    with ZipFile(file, "w") as archive:
        archive.writestr("汇总.csv", "#支付宝业务汇总查询\r\n门店编号,门店名称\r\n合计,1\r\n".encode("gbk"))
        archive.writestr("明细.csv", "\r\n".join(["#支付宝业务明细查询", *lines, "#结束"]).encode(encoding))
    return file.getvalue()


def line(kind: str, amount: str, fee: str, request: str = "", order: str = PAYMENT) -> str:
    cells = ["2026112322001\t", f"{order}\t", kind, '"月卡,""一""张"', "2026-11-23 23:59:00", "2026-11-24 00:00:01"]
    return ",".join(
        [*cells, *[""] * 4, "买**", amount, amount, *["0.00"] * 5, "", "0.00", "0.00", request, fee, "0.00", ""]
    )


def test_a_fee_given_back_is_negative_and_signs_do_not_mislead() -> None:
    refund = "R0123456789ABCDEFGHJK000-1"
    data = bill_of(
        COLUMNS,
        line("交易", "35.8", "-0.21"),
        line("交易", "35.80", "0.21"),
        line("退款", "-10.00", "0.06", refund),
        line("退款", "-10.00", "-0.06", "other"),
        line("交易", "1.00", "", order="another shop's"),
        "",
    )
    found = list(rows(data))
    assert [(row.kind, row.number, row.amount, row.fee) for row in found] == [
        ("payment", PAYMENT, 3580, 21),
        ("payment", PAYMENT, 3580, 21),
        ("refund", refund, 1000, -6),
        ("refund", "", 1000, -6),
        ("payment", "", 100, 0),
    ]
    assert {row.at for row in found} == {datetime(2026, 11, 23, 16, 0, 1, tzinfo=UTC)}
    assert {row.transaction for row in found} == {"2026112322001"}


def test_columns_are_found_by_name() -> None:
    fewer = "业务类型,支付宝交易号,商户订单号,完成时间,服务费(元),订单金额(元),退款批次号/请求号,新的一列"
    [row] = rows(bill_of(fewer, f"交易,T1,{PAYMENT},2026-11-23 12:00:00,-0.01,1.00,,x"))
    assert row == SettlementRow("payment", "T1", PAYMENT, 100, 1, "CNY", NOON)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK\x03\x04",
        "下载超时".encode(),
        bill_of(COLUMNS, "2026112322001,P1,交易"),
        bill_of(COLUMNS, line("交易", "much", "0.00")),
        bill_of(COLUMNS, line("交易", "1.00", "0.00"))[:-30],
    ],
    ids=["nothing", "a start", "a page", "a cut row", "no amount", "a cut file"],
)
def test_what_is_no_bill_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        list(rows(data))


# Complaints.


def test_a_complaint_is_told_answered_and_ended(shop: Shop) -> None:
    shop.paid()
    case = shop.server.complain(PAYMENT)
    open_case = CaseTold(
        case=case,
        kind="complaint",
        payment=PAYMENT,
        amount=1999,
        currency="CNY",
        reason="商家不发货",
        opened_at=NOON,
        text="付款后没有收到卡密",
    )
    assert shop.provider.case(case) == open_case
    assert "付款" not in repr(open_case)
    assert shop.provider.answer_case(case, "卡密已发到您的邮箱", {"log": "x"}, NOON) == "succeeded"
    assert shop.provider.answer_case(case, "卡密已发到您的邮箱", {}, NOON) == "succeeded"
    assert shop.server.books.complaints[case].feedback == "04"
    assert len(shop.server.books.complaints[case].said) == 1  # not said twice
    assert not shop.provider.case(case).waits_for_us
    shop.clock.on(minutes=5)
    shop.server.follow_up(case)
    assert shop.provider.case(case).waits_for_us
    assert shop.provider.answer_case(case, "请查看垃圾邮件", {}, NOON) == "succeeded"
    assert [said["content"] for said in shop.server.books.complaints[case].said] == [
        "卡密已发到您的邮箱",
        "还是没有",
        "请查看垃圾邮件",
    ]
    shop.clock.on(minutes=5)
    since = shop.clock.on(minutes=0)
    assert shop.provider.answer_case(case, "请查看垃圾邮件", {}, since) == "succeeded"
    assert len(shop.server.books.complaints[case].said) == 4, "the same words for another question"
    shop.server.follow_up(case, "收到了", "FINISHED")
    assert shop.provider.case(case).end == "closed"
    assert not shop.provider.case(case).waits_for_us
    assert shop.provider.answer_case(case, "谢谢", {}, NOON) == "failed"


def test_giving_in_reports_it_solved_once(shop: Shop) -> None:
    shop.paid()
    case = shop.server.complain(PAYMENT)
    assert shop.provider.give_in(case) == shop.provider.give_in(case) == "succeeded"
    assert shop.server.books.complaints[case].feedback == "05"
    assert len(shop.server.books.complaints[case].said) == 1


def test_complaints_since_then_over_all_pages(shop: Shop) -> None:
    shop.paid()
    cases = [shop.server.complain(PAYMENT) for _ in range(45)]
    shop.clock.on(days=2)
    later = shop.server.complain(PAYMENT)
    shop.server.follow_up(cases[7])
    now = shop.clock.on(minutes=1)
    assert {told.case for told in shop.provider.cases_since(NOON, now)} == {*cases, later}
    assert {told.case for told in shop.provider.cases_since(now - timedelta(hours=1), now)} == {cases[7], later}
    assert shop.provider.cases_since(now, now + timedelta(minutes=1)) == []


def test_a_complaint_about_another_shops_order_is_not_kept(shop: Shop) -> None:
    shop.paid()
    case = shop.server.complain(PAYMENT)
    shop.server.books.trades[PAYMENT].payment = "20261123-1"
    assert shop.provider.cases_since(NOON, shop.clock.now) == []
    for unknown in (case, "2026"):
        with pytest.raises(NotFound):
            shop.provider.case(unknown)


def test_complaints_without_a_clear_answer(shop: Shop) -> None:
    shop.paid()
    case = shop.server.complain(PAYMENT)
    shop.server.fail("down")
    for ask in (lambda: shop.provider.case(case), lambda: shop.provider.cases_since(NOON, NOON)):
        with pytest.raises(ProviderUnavailable):
            ask()
    assert shop.provider.answer_case(case, "您好", {}, NOON) == shop.provider.give_in(case) == "unknown"
    with pytest.raises(Invalid):
        shop.provider.answer_case(case, "好" * 201, {}, NOON)


# Keys.


def pem(key: RSAPrivateKey, form: PrivateFormat = PrivateFormat.PKCS8) -> str:
    return key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()


def bare(text: str) -> str:
    """Without the lines around it, as Alipay's key tool writes keys."""
    return "\n".join(line for line in text.splitlines() if "-----" not in line)


def public(key: RSAPrivateKey, encoding: Encoding = Encoding.DER) -> str:
    made = key.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
    return made.decode() if encoding is Encoding.PEM else b64encode(made).decode()


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL], ids=["pkcs8", "pkcs1"])
@pytest.mark.parametrize("stripped", [False, True], ids=["pem", "bare"])
def test_keys_in_each_form_that_alipay_gives_out_serve(shop: Shop, form: PrivateFormat, stripped: bool) -> None:
    private = pem(KEYS.merchant, form)
    version = {
        "private_key": Secret(bare(private) if stripped else private),
        "alipay_public_key": Secret(public(KEYS.alipay, Encoding.DER if stripped else Encoding.PEM)),
    }
    access = Access(shop.provider.access.account, (version,), shop.provider.access.endpoint)
    check(access)
    taken = shop.paid()
    assert type(shop.provider)(access, shop.clock).query(shop.known()) == taken


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("app_id", "", "credential_invalid"),
        ("app_id", "my shop", "credential_invalid"),
        ("seller_id", "1088102146225135", "credential_invalid"),
        ("private_key", "", "not_a_key"),
        ("private_key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "not_a_key"),
        ("private_key", public(KEYS.merchant), "not_private_key"),
        ("private_key", pem(generate_private_key(65537, 1024)), "short_key"),
        ("alipay_public_key", "not a key", "not_a_key"),
        ("alipay_public_key", pem(KEYS.alipay), "not_public_key"),
        ("alipay_public_key", public(KEYS.merchant), "own_public_key"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_a_wrong_setting_is_named_but_not_shown(shop: Shop, field: str, value: str, code: str) -> None:
    access = access_to(shop.server)
    account = {**access.account, **({field: value} if field in access.account else {})}
    version = {**access.secrets[0], **({field: Secret(value)} if field not in access.account else {})}
    with pytest.raises(Invalid) as wrong:
        check(Access(account, (version,)))
    assert [(error["field"], error["code"]) for error in wrong.value.extra["errors"]] == [(field, code)]
    assert not value or value not in f"{wrong.value.detail}{wrong.value.extra}"
    assert wrong.value.__suppress_context__ or wrong.value.__context__ is None


def test_missing_settings(shop: Shop) -> None:
    access = access_to(shop.server)
    for broken in (Access(access.account), Access({}, access.secrets), Access(access.account, ({},))):
        with pytest.raises(Invalid):
            check(broken)


# Amounts and times.


@given(st.integers(0, 10**12))
def test_amounts_survive_the_way_there_and_back(amount: int) -> None:
    assert fen(yuan(amount)) == amount
    assert yuan(amount).rpartition(".")[2].isdigit()


@given(st.integers(0, 10**10), st.sampled_from(["", "-"]))
def test_amounts_with_fewer_places_and_signs(whole: int, sign: str) -> None:
    assert fen(f"{sign}{whole}") == int(f"{sign}{whole}") * 100
    assert fen(f"{sign}{whole}.5") == int(f"{sign}{whole * 100 + 50}")


@pytest.mark.parametrize(
    "text", ["", "1.", ".5", "1.234", "1,000.00", "+1", "1e2", " 1", "1\n", "١", "NaN", 1.5, None, 100]
)
def test_what_is_no_amount_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="amount"):
        fen(text)


@given(st.datetimes(datetime(1992, 1, 1), datetime(2100, 1, 1)).map(lambda it: it.replace(tzinfo=UTC)))  # noqa: DTZ001
def test_times_survive_to_the_second(at: datetime) -> None:
    assert china_moment(china_text(at)) == at.replace(microsecond=0)
