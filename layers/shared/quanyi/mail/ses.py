"""Sending by Amazon SES, and what its answers mean. No error tells an address: SES puts it into its messages."""

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, HTTPClientError

from quanyi.mail.model import Mail

_LASTING = {
    "MessageRejected",
    "InvalidParameterValue",
    "MailFromDomainNotVerified",
    "MailFromDomainNotVerifiedException",
    "ValidationError",
}
_UNCLEAR = {"InternalFailure", "InternalServerError", "InternalServiceError"}


class MailRefused(Exception):
    """SES will never send this mail (a bad address, a sender or recipient that is not verified)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class MailDelayed(Exception):
    """It was certainly not sent; later it may be (throttled, quota, paused, not reachable)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class MailUnclear(Exception):
    """No clear answer: it may have been sent."""


@dataclass(frozen=True)
class Ses:
    """`client` is a boto3 SES client that does not try again by itself: after a time-out that could send twice."""

    client: Any
    sender: str

    def send(self, to: str, mail: Mail) -> str:
        """Answers SES's number of the message. Raises MailRefused, MailDelayed, MailUnclear."""
        try:
            answer = self._sent(to, mail)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code in _LASTING:
                raise MailRefused(code) from None
            if code in _UNCLEAR:
                raise MailUnclear(code) from None
            raise MailDelayed(code) from None
        except (ConnectTimeoutError, EndpointConnectionError) as error:
            raise MailDelayed(type(error).__name__) from None
        except HTTPClientError as error:
            raise MailUnclear(type(error).__name__) from None
        return answer["MessageId"]

    def _sent(self, to: str, mail: Mail) -> Any:
        if mail.pictures:
            from quanyi.mail.mime import mime  # noqa: PLC0415 - only the digest has any

            content = mime(self.sender, to, mail)
            return self.client.send_raw_email(Source=self.sender, Destinations=[to], RawMessage={"Data": content})
        return self.client.send_email(
            Source=self.sender,
            Destination={"ToAddresses": [to]},
            Message={
                "Subject": _utf8(mail.subject),
                "Body": {"Text": _utf8(mail.text), "Html": _utf8(mail.html)},
            },
        )


def _utf8(text: str) -> dict[str, str]:
    return {"Data": text, "Charset": "UTF-8"}
