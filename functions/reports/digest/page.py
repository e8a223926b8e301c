"""The digest as a mail: a page for a phone, and the same in plain text.

Mail programs know tables and styles on elements, and little else. Whatever a merchant or a provider has written is
escaped. A picture stands in the page by its name (`cid:`), with its words for whoever does not see it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from quanyi.catalog.model import Language
from quanyi.catalog.texts import said
from quanyi.mail.link import StaffUrl, staff_link
from quanyi.mail.model import Mail
from quanyi.mail.model import Picture as Attached
from reports.digest.lines import Lines
from reports.digest.rows import money_rows
from reports.digest.views import Digest, Picture, PictureKind

_INK, _GREY, _LINE, _ACCENT = "#1f2937", "#7b8494", "#e6e9ef", "#1a6dff"
_FONTS = "-apple-system,'Segoe UI','PingFang SC','Microsoft YaHei',Roboto,sans-serif"
_SMALL = f"font-size:12px;line-height:1.6;color:{_GREY}"
_TABLE = '<table cellpadding="0" cellspacing="0" width="100%" style="border-collapse:collapse">'


def mail_of(digest: Digest, pictures: Sequence[tuple[Picture, bytes]], language: Language, url: StaffUrl) -> Mail:
    lines = Lines(digest, language, staff_link(url, "digests", f"{digest.day}"))
    return Mail(
        subject=lines.subject(),
        text="\n".join(lines.text()) + "\n",
        html=_Page(digest, lines).html(),
        pictures=tuple(Attached(_cid(picture), content) for picture, content in pictures),
    )


def _cid(picture: Picture) -> str:
    """A name by RFC 2392 has an `@`."""
    return f"{picture.name}@digest"


@dataclass(frozen=True)
class _Page:
    digest: Digest
    lines: Lines

    def html(self) -> str:
        body = "\n".join(self._body())
        return (
            f'<!doctype html>\n<html lang="{self.lines.language}">\n<head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width,initial-scale=1">'
            '<meta name="color-scheme" content="light"></head>\n'
            f'<body style="margin:0;padding:16px 0;background:#f3f5f8;font-family:{_FONTS};color:{_INK}">\n'
            '<table role="presentation" cellpadding="0" cellspacing="0" width="100%" '
            'style="max-width:640px;margin:0 auto"><tr>'
            '<td style="padding:28px 20px;background:#fff;border-radius:10px">\n'
            f"{body}\n</td></tr></table>\n</body>\n</html>\n"
        )

    def _body(self) -> Iterator[str]:
        lines = self.lines
        yield (
            f'<div style="font-size:13px;color:{_GREY}">{escape(lines.say("title"))}</div>'
            f'<div style="font-size:20px;font-weight:600;margin-top:2px">{escape(lines.day())}</div>'
        )
        if self.digest.own.is_quiet:
            quiet = escape(lines.say("quiet", day=self.digest.day))
            yield f'<p style="margin:20px 0 0;font-size:15px;line-height:1.7">{quiet}</p>'
            yield from self._to_do()
        else:
            yield from self._numbers()
        button = (
            f"display:inline-block;padding:12px 24px;border-radius:6px;background:{_ACCENT};color:#fff;"
            "text-decoration:none;font-size:15px"
        )
        yield (
            f'<p style="margin:32px 0 24px"><a href="{escape(lines.link)}" style="{button}">'
            f"{escape(lines.say('link'))}</a></p>"
        )
        foot = "<br>".join(map(escape, lines.foot()))
        yield f'<div style="border-top:1px solid {_LINE};padding-top:14px;{_SMALL}">{foot}</div>'

    def _to_do(self) -> Iterator[str]:
        steps = [f"<b>{escape(title)}</b><br>{escape(todo)}" for title, todo in self.lines.steps()]
        yield from _bullets(self.lines.say("steps"), steps)
        yield from _bullets(self.lines.say("alerts"), [escape(line) for line in self.lines.alerts()])

    def _numbers(self) -> Iterator[str]:
        lines, days = self.lines, len(self.digest.series)
        yield self._hero(lines.main)
        yield from self._to_do()
        yield from self._money(lines.main)
        yield from self._products()
        reasons = lines.reasons()
        note = lines.named(lines.say("refused"), lines.joined(reasons)) if reasons else ""
        yield from self._chart("payments", "", lines.say("payments", days=days), note)
        yield from self._chart("delivery", "", lines.say("delivery", days=days), lines.say("delivery_note"))
        for currency in self.digest.currencies[1:]:
            yield f'<div style="margin-top:36px;border-top:2px solid {_LINE}"></div>{self._hero(currency)}'
            yield from self._money(currency)

    def _products(self) -> Iterator[str]:
        if sold := self.lines.products():
            rows = (
                f"<tr>{_cell(_above(one.title, one.units), first=True)}{_cell('<br>'.join(map(escape, one.gmv)))}</tr>"
                for one in sold
            )
            yield f"{_heading(self.lines.say('products'))}{_TABLE}{''.join(rows)}</table>"

    def _money(self, currency: str) -> Iterator[str]:
        lines, days = self.lines, len(self.digest.series)
        yield self._table(currency)
        yield from self._chart("trade", currency, lines.say("trade", days=days), lines.say("trade_note"))
        yield from self._chart("channels", currency, lines.say("channels"), lines.channel_names())

    def _hero(self, currency: str) -> str:
        row = money_rows(self.digest, currency, self.lines.language)[0]
        compared = [
            f'<span style="white-space:nowrap">{escape(self.lines.say(name))} '
            f'<b style="color:{_INK}">{escape(one.change)}</b></span>'
            for name, one in (("before", row.before), ("week_before", row.week_before))
            if one
        ] or [escape(self.lines.say("first_day"))]
        unit = f'<span style="font-size:15px;font-weight:500;letter-spacing:0;color:{_GREY}">{escape(currency)}</span>'
        size = 34 if currency == self.lines.main else 26
        return (
            f'<div style="margin-top:24px;font-size:13px;color:{_GREY}">{escape(row.label)}</div>'
            f'<div style="font-size:{size}px;line-height:1.25;font-weight:700;letter-spacing:-.5px">{escape(row.own)} '
            f"{unit}</div>"
            f'<div style="font-size:13px;color:{_GREY}">{" &nbsp;·&nbsp; ".join(compared)}</div>'
        )

    def _table(self, currency: str) -> str:
        digest, say = self.digest, self.lines.say
        heads = [say("own")]
        heads += [say("before")] if digest.before else []
        heads += [say("week_before")] if digest.week_before else []
        rows = [_cell(escape(say("metric")), first=True, head=True) + "".join(_cell(one, head=True) for one in heads)]
        for row in self.lines.rows(currency):
            cells = [_cell(escape(row.label), first=True), _cell(f"<b>{escape(row.own)}</b>")]
            rows.append(
                "".join([*cells, *(_cell(_above(one.change, one.was)) for one in (row.before, row.week_before) if one)])
            )
        return f'<div style="height:20px"></div>{_TABLE}{"".join(f"<tr>{row}</tr>" for row in rows)}</table>'

    def _chart(self, kind: PictureKind, currency: str, title: str, note: str) -> Iterator[str]:
        for picture in self.digest.pictures:
            if (picture.kind, picture.currency) == (kind, currency):
                alt = said(picture.alt, self.lines.language)
                yield _heading(f"{title} · {currency}" if currency else title)
                yield (
                    f'<img src="cid:{escape(_cid(picture))}" alt="{escape(alt)}" width="{picture.width}" '
                    'style="display:block;width:100%;max-width:600px;height:auto;border:0">'
                )
                if note:
                    yield f'<div style="margin-top:4px;{_SMALL}">{escape(note)}</div>'


def _heading(text: str) -> str:
    return f'<div style="margin:32px 0 10px;font-size:15px;font-weight:600">{escape(text)}</div>'


def _bullets(heading: str, inner: Sequence[str]) -> Iterator[str]:
    if inner:
        items = "".join(f'<li style="margin:0 0 8px">{one}</li>' for one in inner)
        yield f'{_heading(heading)}<ul style="margin:0;padding-left:18px;font-size:14px;line-height:1.6">{items}</ul>'


def _cell(inner: str, *, first: bool = False, head: bool = False) -> str:
    look = f"font-size:12px;color:{_GREY};font-weight:400" if head else "font-size:14px"
    place = "padding:8px 0;text-align:left" if first else "padding:8px 0 8px 10px;text-align:right;white-space:nowrap"
    tag = "th" if head else "td"
    return f'<{tag} style="{place};vertical-align:top;border-bottom:1px solid {_LINE};{look}">{inner}</{tag}>'


def _above(one: str, other: str) -> str:
    return f'{escape(one)}<br><span style="font-size:12px;color:{_GREY}">{escape(other)}</span>'
