"""A mail with pictures as SES wants it: whole (RFC 5322), and its page with them (RFC 2387)."""

from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP

from quanyi.mail.model import Mail


def mime(sender: str, to: str, mail: Mail) -> bytes:
    """Each picture is inline, under its name (`cid:<name>`), and a file of what stands before the name's `@`."""
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"] = sender, to
    message.set_content(mail.text, cte="base64")
    message.add_alternative(mail.html, subtype="html", cte="base64")
    html = message.get_body(("html",))
    assert html
    for picture in mail.pictures:
        html.add_related(
            picture.content,
            "image",
            "png",
            cid=f"<{picture.name}>",
            filename=f"{picture.name.partition('@')[0]}.png",
            disposition="inline",
        )
    # `EmailMessage` loses blanks between Latin and Chinese words when it folds a header.
    subject = Header(mail.subject, "utf-8", header_name="Subject").encode(linesep="\r\n")
    return f"Subject: {subject}\r\n".encode("ascii") + message.as_bytes()
