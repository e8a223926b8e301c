"""All three local payment providers side by side."""

from typing import Any

from tools.local.providers import alipay, stripe, wechat


class Providers:
    """Three servers in this process. `port_base` is the first of three ports; 0: any that are free. What a merchant
    enters and what happened live in memory: keys are fresh, and all is forgotten when they stop."""

    def __init__(self, port_base: int = 0) -> None:
        ports = range(port_base, port_base + 3) if port_base else (0, 0, 0)
        self.alipay = alipay.Alipay(port=ports[0])
        self.wechat = wechat.WechatServer(port=ports[1])
        self.stripe = stripe.StripeServer(port=ports[2])

    def start(self) -> "Providers":
        for server in (self.alipay, self.wechat, self.stripe):
            server.start()
        return self

    def stop(self) -> None:
        for server in (self.alipay, self.wechat, self.stripe):
            server.stop()

    def told(self) -> dict[str, dict[str, Any]]:
        """`url` and `access`, which is what a merchant enters, by name. Secrets are in it, good for nothing else."""
        return {
            "alipay": {"url": self.alipay.url, "access": alipay.access(self.alipay)},
            "wechat": {"url": self.wechat.url, "access": wechat.access(self.wechat)},
            "stripe": {"url": self.stripe.url, "access": stripe.access(self.stripe)},
        }
