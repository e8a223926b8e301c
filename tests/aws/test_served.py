"""What we serve to other shops keeps what every adapter is promised: the conformance kit, with our own adapters against
our own handlers. What such a shop cannot do is said here, and shown.
"""

import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.aws.conftest import Cloud
from tests.aws.dujiao_resale import DujiaoResale
from tests.aws.served import CANNOT, Served, numbered, serving
from tests.suppliers.kit import Conformance
from tests.suppliers.test_dujiao import TestDujiao as DujiaoKit
from tests.suppliers.test_quanyi import TestQuanyi as QuanyiKit


class OursServed(Conformance):
    nobody = {"uid": "7", "server": "s1"}  # noqa: RUF012 - whether there is such an account nobody is asked, only its form
    cannot = CANNOT
    many = (45, 5)

    @pytest.fixture(autouse=True)
    def _shop(self, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        self.cloud, self.monkeypatch = cloud, monkeypatch
        monkeypatch.setattr("supplying.offered.ROWS", 4)
        # The seller's own calls to its AWS: deployed, nobody logs these.
        seller = logging.getLogger("botocore")
        before = seller.level
        seller.setLevel(logging.INFO)
        yield
        seller.setLevel(before)

    def serving(self, *, currency: str = "CNY", tls: bool = False) -> Served:
        resale = DujiaoResale(self.cloud)
        resale.shop = replace(resale.shop, offers_in_sight=lambda *_: True)  # type: ignore[arg-type]
        resale.supplying = replace(resale.supplying, shop=resale.shop)
        resale.install(self.monkeypatch)
        return serving(resale, self.face, currency=currency, tls=tls)


class TestQuanyiServed(OursServed):
    face = "quanyi"
    reply = QuanyiKit.reply


class TestDujiaoServed(OursServed):
    face = "dujiao"
    card_code = numbered("video-30")
    topup_code = numbered("stone-60")
    stranger = "unknown"
    answers_are_signed = False
    reply = DujiaoKit.reply
