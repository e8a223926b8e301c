"""Two shops in one process: ours, which sells, and another that buys through the account of a channel of ours by the
adapter of our own contract. `send` takes the adapter's calls to our handlers, as the gateway would.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import checkout.supply
import fulfill.deliveries
import supplying.serve
from checkout.wiring import Supplying
from quanyi.accounts.door import SECRET_NAME, Door, supply_entry
from quanyi.accounts.model import Account, AccountTerms, Move
from quanyi.accounts.table import AccountsTable
from quanyi.channels.model import Channel
from quanyi.channels.table import ChannelTable
from quanyi.provider_secrets import ProviderSecrets
from quanyi.secret import Secret
from quanyi.stats.levels import LevelsTable
from quanyi.supply.access import Access
from quanyi.supply.adapters.quanyi import Quanyi
from quanyi.supply.port import Answer, Asked, Recharge, Wanted
from quanyi.supply.wire import NoReply, Reply
from supplying.wiring import Counter
from tests.aws.conftest import Cloud, LambdaContext
from tests.aws.market import Market

CHANNEL = "shop-b"
KEY = "P0123456789ABCDEFGHJKMNPQRS"
NOTIFY = "https://shop-b.example/v1/suppliers/us/notify"
ADDRESS = "192.0.2.7"
ROOT = "/v1/supply"


@dataclass
class Resale(Market):
    cloud: Cloud
    secret: str = "a-secret-of-shop-b-and-ours-0001"
    lost: list[str] = field(default_factory=list)
    """Calls, by method and end of path, whose answer does not arrive though they are carried out; each once."""
    heard: list[Reply] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__post_init__()
        table = self.cloud.table("SupplyTable")
        self.accounts = AccountsTable(table, "Asia/Shanghai")
        self.channels = ChannelTable(self.cloud.table("CatalogTable"))
        client = partial(self.cloud.client, "secretsmanager")
        self.provider_secrets = ProviderSecrets("test/accounts/", client, monotonic=self.seconds)
        self.door = Door(self.accounts, self.provider_secrets, lambda: self.now)
        self.supplying = Supplying(self.shop, self.accounts, self.channels)
        self.counter = Counter(
            self.accounts,
            self.shop.catalog,
            self.channels,
            LevelsTable(self.cloud.table("StatsTable")),
            lambda: self.now,
        )

    def seconds(self) -> float:
        return self.now.timestamp()

    # The merchant.

    def open(self, *, deposit: int = 10_000, currency: str = "CNY", **terms: Any) -> Account:
        """A channel with an account, its secret, and money on it."""
        self.open_channel()
        who = {"channel": CHANNEL, "currency": currency, "created_at": self.now, "updated_at": self.now}
        self.accounts.open(Account.model_validate({**AccountTerms(**terms).model_dump(), **who}))
        self.change_secret(self.secret)
        if deposit:
            self.accounts.give(self.move("deposit", deposit, "first"))
        return self.account

    def open_channel(self) -> None:
        self.channels.create(Channel(id=CHANNEL, name="Shop B", kind="agent", created_at=self.now), "made")

    def move(self, kind: Any, amount: int, key: str) -> Move:
        return Move(channel=CHANNEL, key=key, kind=kind, amount=amount, currency=self.account.currency, at=self.now)

    def change_secret(self, secret: str) -> None:
        self.provider_secrets.write(CHANNEL, {SECRET_NAME: Secret(secret)}, secrets.token_hex(32))
        self.secret = secret

    @property
    def account(self) -> Account:
        return self.accounts.get(CHANNEL)

    def moves(self) -> list[Move]:
        items = self.accounts.table.query_all(
            "pk = :pk AND begins_with(sk, :move)", pk=f"ACCOUNT#{CHANNEL}", move="MOVE#"
        )
        return sorted(map(Move.model_validate, items), key=lambda move: (move.at, move.key))

    def check_the_account(self) -> None:
        """Its balance is the sum of its moves, and never below what it may be."""
        account = self.account
        assert account.balance == sum(move.amount for move in self.moves())
        assert account.left == account.balance + account.credit >= 0

    # The other shop.

    def buyer(self, *, shift: timedelta = timedelta(0), secret: str = "", key_id: str = CHANNEL) -> Quanyi:
        access = Access(
            endpoint="https://us.example/prod",
            account={"key_id": key_id},
            secrets=({"secret": Secret(secret or self.secret)},),
            currency="CNY",
            now=lambda: self.now + shift,
        )
        return Quanyi(access, self.send)

    def wanted(self, key: str = KEY, code: str = "ik-month", quantity: int = 2, **changes: Any) -> Wanted:
        return replace(Wanted(key, code, quantity, 2000, "CNY", NOTIFY, self.now), **changes)

    def recharge(self, code: str, account: Mapping[str, str], key: str = KEY, quantity: int = 1) -> Recharge:
        given = {name: Secret(value) for name, value in account.items()}
        return Recharge(key, code, quantity, 2000, "CNY", NOTIFY, self.now, given)

    def asked(self, key: str = KEY, *, topup: bool = False) -> Asked:
        return Asked(key, "", topup, self.now)

    def order_from_us(self, **changes: Any) -> Answer:
        return self.buyer().order(self.wanted(**changes))

    # Between them.

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        where = urlsplit(url)
        path = where.path.removeprefix("/prod")
        event = {
            "resource": path,
            "path": path,
            "httpMethod": method,
            "headers": dict(headers),
            "multiValueHeaders": {name: [value] for name, value in headers.items()},
            "queryStringParameters": dict(parse_qsl(where.query)) or None,
            "multiValueQueryStringParameters": {name: [value] for name, value in parse_qsl(where.query)} or None,
            "requestContext": {"identity": {"sourceIp": ADDRESS}, "stage": "prod", "path": f"/prod{path}"},
            "body": body.decode() or None,
            "isBase64Encoded": False,
        }
        answer = self.handler(method, path)(event, LambdaContext())
        told = {name.lower(): values[0] for name, values in answer["multiValueHeaders"].items()}
        reply = Reply(answer["statusCode"], told, answer["body"].encode())
        self.heard.append(reply)
        call = f"{method} {path.removeprefix(ROOT)}"
        if call in self.lost:
            self.lost.remove(call)
            raise NoReply
        return reply

    def handler(self, method: str, path: str) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
        if not path.startswith(f"{ROOT}/orders"):
            return supply_entry(supplying.serve.app, lambda: self.door)
        app = checkout.supply.app if method == "POST" else fulfill.deliveries.app
        return supply_entry(app, lambda: self.door)

    def install(self, monkeypatch: Any) -> None:
        """The handlers work on this shop."""
        monkeypatch.setattr(checkout.supply, "supplying", lambda: self.supplying)
        monkeypatch.setattr(fulfill.deliveries, "works", lambda: self.works)
        monkeypatch.setattr(supplying.serve, "counter", lambda: self.counter)
