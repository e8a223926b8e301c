"""How the HTML part of a default mail looks."""

from quanyi.catalog.model import Language

_PAGE = """\
<!doctype html>
<html lang="{language}">
<body style="margin:0;padding:24px;background:#f5f5f5;font-family:sans-serif;color:#222">
<div style="max-width:560px;margin:auto;padding:24px;background:#fff;border-radius:8px">
{body}
</div>
</body>
</html>
"""
_BUTTON = (
    '<p><a href="$link" style="display:inline-block;padding:12px 24px;border-radius:6px;background:#1a6dff;color:#fff;'
    'text-decoration:none">{label}</a></p>'
)


def page(language: Language, *paragraphs: str, label: str, last: str) -> str:
    body = "\n".join([*(f"<p>{paragraph}</p>" for paragraph in paragraphs), _BUTTON.format(label=label)])
    return _PAGE.format(language=language, body=f'{body}\n<p style="color:#888;font-size:13px">{last}</p>')
