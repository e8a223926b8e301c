"""The digest's charts: PNGs of 600 points' width in twice that size, for a mail on a phone.

They hold digits and Latin codes only: the layer has no Chinese typeface, and the mail says in words what they show. One
colour is for what matters, grey for what it is compared with; a line is named at its end, not in a legend.
"""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from datetime import date
from io import BytesIO
from math import inf, isfinite, nan
from pathlib import Path
from typing import Any, NamedTuple

from quanyi.money import decimals

WIDTH, SCALE = 600, 2
ACCENT, INK, GREY, FAINT = "#1a6dff", "#1f2937", "#7b8494", "#e6e9ef"
BAR = "#c9d0db"
MOST_BARS = 6
COLOURS = 64
"""Of a picture: more are not told apart, and a mail is a third as large."""
_WHOLE = (0.095, 0.125, 0.745, 0.83)
_ROW = 56
_FONT = "Lato"
_STYLE: Any = {
    "font.family": [_FONT, "DejaVu Sans"],
    "font.size": 10.5,
    "text.color": INK,
    "text.parse_math": False,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": GREY,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "lines.solid_capstyle": "round",
    "lines.solid_joinstyle": "round",
}


class Drawn(NamedTuple):
    """`width` and `height` are those in which it is shown."""

    content: bytes
    width: int
    height: int


def trade(days: Sequence[date], gmv: Sequence[int], margin: Sequence[int], currency: str) -> Drawn:
    """GMV and margin by day, in minor units. Rings mark the weekday of the last day."""
    unit = 10 ** decimals(currency)
    with _figure(268) as (figure, done):
        axes = figure.add_axes(_WHOLE)
        _plain(axes)
        for values, colour, weight in ((margin, GREY, 1.5), (gmv, ACCENT, 2.1)):
            at = [value / unit for value in values]
            axes.plot(range(len(days)), at, color=colour, linewidth=weight, zorder=3)
            axes.plot(len(days) - 1, at[-1], "o", color=colour, markersize=5.5, zorder=4, clip_on=False)
        same = list(range(len(days) - 8, -1, -7))
        rings = [gmv[number] / unit for number in same]
        axes.plot(same, rings, "o", markersize=5, color="white", markeredgecolor=ACCENT, markeredgewidth=1.3, zorder=4)
        axes.fill_between(range(len(days)), [value / unit for value in gmv], color=ACCENT, alpha=0.07, linewidth=0)
        low, high = min(*gmv, *margin, 0) / unit, max(*gmv, *margin, 0) / unit
        _money_axis(axes, low, high)
        _dates(axes, days)
        ends = [(gmv[-1] / unit, f"GMV\n{short(gmv[-1] / unit)}", ACCENT)]
        ends.append((margin[-1] / unit, f"margin\n{short(margin[-1] / unit)}", GREY))
        _name_ends(axes, ends)
        return done()


def shares(parts: Sequence[tuple[str, int]], currency: str) -> Drawn:
    """What each of some codes has of a sum in minor units, the largest first; small ones together as `other`."""
    unit = 10 ** decimals(currency)
    order = sorted(parts, key=lambda part: -part[1])
    shown = order if len(order) <= MOST_BARS else order[: MOST_BARS - 1]
    rest = sum(amount for _, amount in order[len(shown) :])
    bars = [*shown, ("other", rest)] if len(order) > len(shown) else [*shown]
    whole = sum(amount for _, amount in bars)
    most = max((amount for _, amount in bars), default=0)
    with _figure(14 + 36 * len(bars)) as (figure, done):
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        axes.set(xlim=(0, WIDTH), ylim=(len(bars) - 0.5 + 0.25, -0.5 - 0.25))
        for row, (code, amount) in enumerate(bars):
            length = 300 * amount / most if most > 0 else 0
            axes.barh(row, max(length, 1.5), left=150, height=0.5, color=ACCENT if row == 0 else BAR, linewidth=0)
            axes.text(138, row, _latin(code, 17), ha="right", va="center_baseline", color=INK, fontsize=11)
            share = f"{100 * amount / whole:.1f}%" if whole > 0 else "-"
            label = axes.text(150 + max(length, 1.5) + 10, row, share, va="center_baseline", fontsize=11, weight="bold")
            said = f"  {short(amount / unit)}"
            axes.annotate(said, (1, 0.5), xycoords=label, va="center", color=GREY, fontsize=11)
        return done()


def payments(days: Sequence[date], providers: Sequence[tuple[str, Sequence[int | None]]]) -> Drawn:
    """The success rate of each provider by day, in basis points; None where nobody tried. All on one scale."""
    rates = [value / 100 for _, series in providers for value in series if value is not None]
    floor = min([90, *(10 * (rate // 10) for rate in rates)])
    height = _ROW * len(providers) + 34
    with _figure(height) as (figure, done):
        for row, (code, series) in enumerate(providers):
            axes = figure.add_axes((0.27, 1 - (_ROW * (row + 1) - 2) / height, 0.545, (_ROW - 16) / height))
            last_row = row == len(providers) - 1
            _plain(axes)
            at = [nan if value is None else min(value / 100, 100) for value in series]
            axes.plot(range(len(days)), at, color=ACCENT, linewidth=1.7, zorder=3, clip_on=False)
            _lone(axes, at, ACCENT)
            axes.set_ylim(floor, 100)
            axes.set_yticks([floor, 100], [f"{floor:g}%", "100%"] if row == 0 else ["", ""])
            axes.tick_params(axis="y", labelsize=8.5, pad=4)
            _dates(axes, days, labels=last_row)
            axes.text(-0.165, 0.5, _latin(code, 14), transform=axes.transAxes, ha="right", va="center", fontsize=11)
            last = series[-1] if series else None
            said, colour = (f"{last / 100:.1f}%", ACCENT) if last is not None else ("no tries", GREY)
            weight = "bold" if last is not None else "normal"
            axes.text(
                1.05, 0.5, said, transform=axes.transAxes, va="center", fontsize=11.5, color=colour, weight=weight
            )
            if last is not None:
                axes.plot(len(days) - 1, at[-1], "o", color=ACCENT, markersize=5, zorder=4, clip_on=False)
        return done()


def delivery(days: Sequence[date], p50: Sequence[int | None], p95: Sequence[int | None]) -> Drawn:
    """How long half, and 95 of a hundred, had to wait, in seconds, on a scale of tenfold steps."""
    with _figure(240) as (figure, done):
        axes = figure.add_axes(_WHOLE)
        _plain(axes)
        axes.set_yscale("log")
        ends: list[tuple[float, str, str]] = []
        for values, name, colour, weight in ((p95, "p95", GREY, 1.5), (p50, "p50", ACCENT, 2.1)):
            at = [nan if value is None else max(value, 1) for value in values]
            axes.plot(range(len(days)), at, color=colour, linewidth=weight, zorder=3)
            _lone(axes, at, colour)
            if values and values[-1] is not None:
                axes.plot(len(days) - 1, at[-1], "o", color=colour, markersize=5.5, zorder=4, clip_on=False)
                ends.append((at[-1], f"{name}\n{waited(values[-1])}", colour))
        _seconds_axis(axes, [value for value in (*p50, *p95) if value is not None])
        _dates(axes, days)
        _name_ends(axes, ends)
        return done()


def short(number: float) -> str:
    """`950`, `12.3k`, `4.57M`: three digits that matter."""
    sign, size = "\u2212" if number < 0 else "", abs(number)
    for unit, name in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if size >= unit * 0.9995:
            scaled = size / unit
            digits = 0 if scaled >= 99.95 else 1 if scaled >= 9.995 else 2
            return (
                f"{sign}{scaled:.{digits}f}".rstrip("0").rstrip(".") + name if digits else f"{sign}{scaled:,.0f}{name}"
            )
    return f"{sign}{size:.2f}".rstrip("0").rstrip(".") if size % 1 and size < 100 else f"{sign}{size:.0f}"


def waited(seconds: int) -> str:
    """`3 s`, `1.5 min`, `2 h`, `3 d`."""
    for unit, name in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= unit:
            return f"{seconds / unit:.1f}".removesuffix(".0") + f" {name}"
    return f"{seconds} s"


@contextmanager
def _figure(height: int) -> Generator[tuple[Any, Callable[[], Drawn]]]:
    """A figure of that height in points, and what makes a picture of it. The look is set for this drawing alone."""
    import matplotlib  # noqa: PLC0415 - a second to import, and only one function draws
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415
    from PIL import Image  # noqa: PLC0415

    _know_font()
    with matplotlib.rc_context(_STYLE):  # pyright: ignore[reportUnknownMemberType] - a path of unknown kind
        figure = Figure(figsize=(WIDTH / 100, height / 100), dpi=100 * SCALE, facecolor="white")
        canvas = FigureCanvasAgg(figure)

        def done() -> Drawn:
            canvas.draw()
            content = BytesIO()
            picture = Image.frombytes("RGBA", canvas.get_width_height(), canvas.buffer_rgba()).convert("RGB")
            picture.quantize(COLOURS, dither=Image.Dither.NONE).save(content, "png", optimize=True)
            return Drawn(content.getvalue(), WIDTH, height)

        yield figure, done


def _know_font() -> None:
    import font_lato  # noqa: PLC0415 - beside matplotlib
    from matplotlib.font_manager import fontManager  # noqa: PLC0415

    if not any(font.name == _FONT for font in fontManager.ttflist):
        for weight in ("Regular", "Bold"):
            fontManager.addfont(Path(font_lato.__file__).parent / f"files/Lato-{weight}.ttf")


def _plain(axes: Any) -> None:
    """Light lines across, nothing around."""
    axes.spines[:].set_visible(False)
    axes.grid(axis="y", color=FAINT, linewidth=0.8, zorder=0)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, pad=4)
    axes.margins(x=0.015)


def _dates(axes: Any, days: Sequence[date], *, labels: bool = True) -> None:
    """Days before the last one by whole weeks: what its weekday is compared with."""
    at = [*range(len(days) - 1, -1, -7)]
    axes.set_xlim(-0.5, max(len(days) - 0.5, 0.5))
    axes.set_xticks(at, [f"{days[number]:%m-%d}" if labels else "" for number in at])


def _lone(axes: Any, values: Sequence[float], colour: str) -> None:
    """A day between days without a value is no line: it is a dot."""
    there = [isfinite(value) for value in values]
    lone = [
        number
        for number, known in enumerate(there)
        if known and not any(there[max(number - 1, 0) : number]) and not any(there[number + 1 : number + 2])
    ]
    axes.plot(lone, [values[number] for number in lone], "o", color=colour, markersize=3, zorder=3, clip_on=False)


def _money_axis(axes: Any, low: float, high: float) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator  # noqa: PLC0415

    if low == high:
        axes.set_ylim(-0.05, 1)
        axes.set_yticks([0], ["0"])
        return
    room = (high - low) * 0.08
    axes.set_ylim(low - room if low < 0 else 0, high + room)
    axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(_as_money))
    if low < 0:
        axes.axhline(0, color=BAR, linewidth=1, zorder=1)


def _seconds_axis(axes: Any, values: Sequence[int]) -> None:
    from matplotlib.ticker import FixedLocator, NullFormatter, NullLocator  # noqa: PLC0415

    low, high = max(min(values, default=1), 1), max(max(values, default=1), 1)
    steps = [1, 10, 60, 600, 3600, 86_400, 864_000, 8_640_000, 86_400_000]
    below = max([step for step in steps if step <= low], default=1)
    above = min([step for step in steps if step >= high and step > below], default=inf)
    ticks = [step for step in steps if below <= step <= above]
    axes.set_ylim(below * 0.8, max(above if isfinite(above) else high, high) * 1.25)
    axes.yaxis.set_major_locator(FixedLocator(ticks))
    axes.yaxis.set_major_formatter(_as_wait)
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_formatter(NullFormatter())


def _as_money(value: float, _: Any) -> str:
    return short(value)


def _as_wait(value: float, _: Any) -> str:
    return waited(round(value))


def _name_ends(axes: Any, ends: Sequence[tuple[float, str, str]]) -> None:
    """Says what each line is at its end, and keeps the two from lying over each other."""
    low, high = axes.transData.inverted().transform(axes.transAxes.transform([(0, 0), (0, 1)]))[:, 1]
    place = axes.transAxes.inverted()
    at = [place.transform(axes.transData.transform((0, value)))[1] if low != high else 0 for value, _, _ in ends]
    at = [min(max(one, _EDGE), 1 - _EDGE) for one in at]
    if len(at) == 2 and abs(at[0] - at[1]) < _APART:
        up = 1 if ends[0][0] >= ends[1][0] else -1
        middle = min(max(sum(at) / 2, _EDGE + _APART / 2), 1 - _EDGE - _APART / 2)
        at = [middle + up * _APART / 2, middle - up * _APART / 2]
    for place_of, (_, text, colour) in zip(at, ends, strict=True):
        axes.text(
            1.02,
            place_of,
            text,
            transform=axes.transAxes,
            va="center",
            color=colour,
            fontsize=11,
            weight="bold",
            linespacing=1.25,
        )


_APART, _EDGE = 0.21, 0.08
"""Of the height of a chart: between the names of two lines, and between a name and the edge."""


def _latin(code: str, most: int) -> str:
    """What the typeface has of it."""
    text = "".join(letter if letter.isascii() and letter.isprintable() else "?" for letter in code)
    return text if len(text) <= most else f"{text[: most - 1]}\u2026"
