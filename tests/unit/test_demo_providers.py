"""Setting providers up through the API: in which order, whatever was there before."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from tools.demo_providers import NotSetUp, set_up, take_down

ACCESS = {"account": {"app_id": "1"}, "secrets": {"private_key": "S"}, "endpoint": "http://127.0.0.1:1"}


@dataclass
class FakeTreasury:
    """One provider, whose version counts changes of its settings and of its secrets, as the shop's does."""

    works: bool = True
    settings: dict[str, Any] | None = None
    credentials: list[dict[str, str]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)

    def call(self, method: str, path: str, body: Any = None, key: str | None = None) -> dict[str, Any]:
        if method == "GET":
            return {"providers": [self._told()]}
        if path.endswith("/test"):
            self.calls.append("test")
            return {"works": self.works, "answer": "closed" if self.works else "unknown"}
        if path.endswith("/credentials"):
            assert self.settings
            assert key
            self.calls.append("credentials")
            self.keys.append(key)
            self.credentials.append(body["secrets"])
            self.settings["version"] += 1
            return self._told()
        assert body["version"] == (self.settings["version"] if self.settings else 0)
        assert not body["enabled"] or self.credentials
        self.calls.append("enabled" if body["enabled"] else "disabled")
        self.settings = {**body, "version": body["version"] + 1}
        return self._told()

    def upload(self, url: str, fields: dict[str, str], content: bytes) -> None:
        raise NotImplementedError

    def _told(self) -> dict[str, Any]:
        return {"name": "alipay", "settings": self.settings and {**self.settings}, "notify_url": "http://shop/notify"}


def test_it_is_offered_last() -> None:
    shop = FakeTreasury()
    assert set_up(shop, "alipay", ACCESS) == "http://shop/notify"
    assert shop.calls == ["disabled", "credentials", "test", "enabled"]


def test_another_process_of_the_provider_replaces_the_one_before() -> None:
    shop = FakeTreasury()
    set_up(shop, "alipay", ACCESS)
    set_up(shop, "alipay", {**ACCESS, "secrets": {"private_key": "T"}, "endpoint": "http://127.0.0.1:2"})
    assert [version["private_key"] for version in shop.credentials] == ["S", "T"]
    assert len({*shop.keys}) == 2
    assert shop.settings
    assert (shop.settings["endpoint"], shop.settings["enabled"]) == ("http://127.0.0.1:2", True)


def test_what_does_not_work_is_not_offered() -> None:
    shop = FakeTreasury(works=False)
    with pytest.raises(NotSetUp, match="unknown"):
        set_up(shop, "alipay", ACCESS)
    assert shop.settings
    assert not shop.settings["enabled"]
    with pytest.raises(NotSetUp):
        set_up(shop, "stripe", ACCESS)


def test_it_is_taken_down() -> None:
    shop = FakeTreasury()
    take_down(shop, "alipay")
    assert shop.calls == []
    set_up(shop, "alipay", ACCESS)
    take_down(shop, "alipay")
    take_down(shop, "alipay")
    assert shop.calls[4:] == ["disabled"]
    assert shop.settings
    assert (shop.settings["enabled"], shop.settings["account"]) == (False, ACCESS["account"])
