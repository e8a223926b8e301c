"""The digest's charts: PNGs of the size that the mail says, with something on them, whatever a shop's numbers are."""

from collections.abc import Callable
from datetime import date, timedelta
from io import BytesIO

import pytest
from PIL import Image

from reports.digest import charts as digest_charts
from reports.digest.charts import SCALE, Drawn, short, waited

LAST = date(2026, 11, 26)
DAYS = [LAST - timedelta(days=29 - number) for number in range(30)]
HIGH = 60_000
"""Bytes: a mail has several of them."""


def picture(drawn: Drawn) -> Image.Image:
    found = Image.open(BytesIO(drawn.content))
    assert (found.format, found.size) == ("PNG", (drawn.width * SCALE, drawn.height * SCALE))
    assert len(drawn.content) < HIGH
    return found.convert("RGB")


def ink(image: Image.Image) -> int:
    """Pixels that are not nearly white."""
    return sum(image.convert("L").histogram()[:200])


GROWING = [100 * number for number in range(1, 31)]
TRADES: dict[str, Callable[[], Drawn]] = {
    "a month": lambda: digest_charts.trade(DAYS, GROWING, [value // 5 for value in GROWING], "CNY"),
    "its first day": lambda: digest_charts.trade([LAST], [123_456], [2345], "CNY"),
    "nothing at all": lambda: digest_charts.trade(DAYS, [0] * 30, [0] * 30, "CNY"),
    "a loss": lambda: digest_charts.trade(DAYS, [100] * 30, [-5000] * 30, "CNY"),
    "only losses": lambda: digest_charts.trade(DAYS, [0] * 30, [-1] * 30, "CNY"),
    "no minor unit": lambda: digest_charts.trade(DAYS, GROWING, GROWING, "JPY"),
    "more than anybody sells": lambda: digest_charts.trade(DAYS, [10**18] * 30, [-(10**18)] * 30, "KWD"),
    "one channel": lambda: digest_charts.shares([("site", 1)], "CNY"),
    "many channels": lambda: digest_charts.shares([(f"c{number}", 10**15) for number in range(100)], "CNY"),
    "names that no typeface has": lambda: digest_charts.shares([("渠道$x$^", 5), ("a" * 500, 3)], "CNY"),
    "channels without a sale": lambda: digest_charts.shares([("site", 0), ("app", 0)], "CNY"),
    "providers": lambda: digest_charts.payments(DAYS, [("wechat", [9900] * 30), ("alipay", [None, 0, 10_000] * 10)]),
    "all refused": lambda: digest_charts.payments([LAST], [("stripe", [0])]),
    "paid the day after": lambda: digest_charts.payments(DAYS, [("stripe", [15_000] * 30)]),
    "nobody tried": lambda: digest_charts.payments(DAYS, [("stripe", [None] * 30)]),
    "waits": lambda: digest_charts.delivery(DAYS, [2] * 30, [90, None, 4000] * 10),
    "at once": lambda: digest_charts.delivery([LAST], [0], [0]),
    "for years": lambda: digest_charts.delivery(DAYS, [1] * 30, [10**9] * 30),
    "nothing delivered on the last day": lambda: digest_charts.delivery(DAYS, [3] * 29 + [None], [9] * 29 + [None]),
}


@pytest.mark.parametrize("draw", TRADES.values(), ids=TRADES)
def test_a_chart_is_a_png_of_its_size_with_something_on_it(draw: Callable[[], Drawn]) -> None:
    assert ink(picture(draw())) > 500


def test_the_same_numbers_make_the_same_picture() -> None:
    assert TRADES["a month"]() == TRADES["a month"]()


def test_a_chart_shows_its_numbers() -> None:
    """Twice the sales of the last day are another picture; of two channels the larger has the colour that matters."""
    month = digest_charts.trade(DAYS, GROWING, [0] * 30, "CNY")
    assert month != digest_charts.trade(DAYS, [*GROWING[:-1], 6000], [0] * 30, "CNY")
    accent = tuple(int(digest_charts.ACCENT[at : at + 2], 16) for at in (1, 3, 5))
    bars = picture(digest_charts.shares([("small", 1), ("large", 100)], "CNY"))
    upper, lower = (
        sum(count for count, colour in half.getcolors(2**20) or [] if colour == accent)
        for half in (bars.crop((0, 0, bars.width, bars.height // 2)), bars.crop((0, bars.height // 2, *bars.size)))
    )
    assert upper > 10_000, "the largest first"
    assert lower == 0


def test_drawing_leaves_the_look_of_other_drawings_alone() -> None:
    import matplotlib

    before = dict(matplotlib.rcParams)
    TRADES["waits"]()
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize(
    ("number", "text"),
    [
        *((0, "0"), (7, "7"), (9.5, "9.5"), (71.12, "71.12"), (999, "999"), (1000, "1k"), (1950, "1.95k")),
        *((12_345, "12.3k"), (99_960, "100k"), (999_999, "1M"), (4_567_000, "4.57M"), (-2500, "\u22122.5k")),
        *((3.2e9, "3.2B"), (1.5e15, "1,500T"), (-0.01, "\u22120.01")),
    ],
)
def test_a_number_is_told_in_three_digits(number: float, text: str) -> None:
    assert short(number) == text


def test_a_wait_is_told_in_its_unit() -> None:
    assert [waited(seconds) for seconds in (0, 59, 60, 90, 3600, 90_000)] == [
        *("0 s", "59 s", "1 min", "1.5 min", "1 h", "1 d")
    ]
