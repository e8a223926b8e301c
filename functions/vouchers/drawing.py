"""Drawing QR codes."""

import io


def svg_of(text: str) -> str:
    """An SVG document that scales: dark on white, with the quiet zone that readers want. It bears a title for who
    cannot see it, and nothing of the text."""
    import segno  # noqa: PLC0415 - drawing is rare, reading about vouchers is not

    drawn = io.BytesIO()
    segno.make_qr(text, error="m").save(
        drawn, kind="svg", xmldecl=False, light="#fff", omitsize=True, title="QR", svgclass=None, lineclass=None
    )
    return drawn.getvalue().decode()
