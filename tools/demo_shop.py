"""What the demo shop sells, as data: request bodies of the public API. Prices are minor units, and were realistic once.

Brands belong to their owners. What it has in stock is `tools.demo_stock`, its categories are `tools.demo_categories`.
"""

from dataclasses import dataclass
from typing import Any

from tools.demo_categories import Titles, titles

CHANNELS: list[dict[str, Any]] = [
    {
        "id": "site",
        "name": "官方商城",
        "kind": "site",
        "origins": ["https://shop.example.com", "http://localhost:5173"],
    },
    {"id": "taobao", "name": "淘宝旗舰店", "kind": "taobao"},
    {"id": "mini-program", "name": "微信小程序", "kind": "mini-program"},
]

STORES: dict[str, dict[str, Any]] = {"jingan": {"name": "静安寺店", "region": "shanghai"}}
"""Where vouchers are used, by id."""


def card(sku: str, chinese: str, english: str, price: int, face: int, issuer: str, **more: Any) -> dict[str, Any]:
    """A SKU whose stock is keys."""
    named = {"id": sku, "kind": "card", "titles": titles(chinese, english)}
    return {**named, "price": price, "face_value": face, "issuer": issuer, "card_format": "code", **more}


@dataclass(frozen=True)
class Product:
    """One product page. Bundles come after what they consist of."""

    category: str
    titles: Titles
    about: Titles
    skus: tuple[dict[str, Any], ...]

    def body(self, category_id: str, place: int) -> dict[str, Any]:
        listed = {"category_id": category_id, "titles": self.titles, "descriptions": self.about, "sort_order": place}
        return {**listed, "skus": list(self.skus)}


REDEEM_IQIYI = titles(
    "打开爱奇艺 App → 我的 → 兑换中心，输入卡号和密码。", "In the iQIYI app: Me, Redeem; enter number and PIN."
)

PRODUCTS: tuple[Product, ...] = (
    Product(
        "iqiyi",
        titles("爱奇艺黄金VIP会员", "iQIYI Gold VIP"),
        titles("全站热剧抢先看，兑换码直充，支持手机与平板。", "Gold VIP for phone and tablet, by number and PIN."),
        (
            card(
                *("iqiyi-gold-month", "黄金VIP 月卡", "Gold VIP, a month", 1980, 3000, "iqiyi"),
                card_format="number_pin",
                tutorial=REDEEM_IQIYI,
                tiers=[{"from_quantity": 10, "price": 1880}, {"from_quantity": 50, "price": 1750}],
                channels={"taobao": {"price": 2080}},
            ),
            card(
                *("iqiyi-gold-year", "黄金VIP 年卡", "Gold VIP, a year", 16800, 26800, "iqiyi"),
                card_format="number_pin",
                tutorial=REDEEM_IQIYI,
                limit_per_order=5,
            ),
        ),
    ),
    Product(
        "youku",
        titles("优酷VIP会员", "Youku VIP"),
        titles("优酷VIP月卡，手机、平板、电脑通用。", "A month of Youku VIP on phone, tablet and computer."),
        (card("youku-vip-month", "优酷VIP 月卡", "Youku VIP, a month", 1780, 3000, "youku"),),
    ),
    Product(
        "tencent-video",
        titles("腾讯视频VIP会员", "Tencent Video VIP"),
        titles("腾讯视频会员兑换码。年卡缺货时排队发货。", "Tencent Video by code. The year card may be on backlog."),
        (
            card("tencent-video-month", "腾讯视频VIP 月卡", "Tencent Video VIP, a month", 2280, 3000, "tencent-video"),
            card(
                *("tencent-video-svip-year", "超级影视SVIP 年卡", "Super VIP, a year", 33800, 48800, "tencent-video"),
                hold="payment",
                on_shortage="backlog",
                backlog_hours=48,
            ),
        ),
    ),
    Product(
        "mango",
        titles("芒果TV会员", "Mango TV VIP"),
        titles("付款后向供应商实时采购，零库存代发。", "Bought from a supplier as you pay; nothing lies in stock."),
        (
            card(
                *("mango-tv-month", "芒果TV 月卡", "Mango TV, a month", 1990, 2500, "mango"),
                card_format="number_pin",
                hold="payment",
                sourcing="on_demand",
                least_margin=500,
            ),
        ),
    ),
    Product(
        "video-world",
        titles("Netflix 礼品卡", "Netflix gift card"),
        titles("美区 Netflix 充值码，可续费任意套餐。", "For any plan of a US account."),
        (card("netflix-us-25", "Netflix 25 美元", "Netflix US$25", 2450, 2500, "netflix", currency="USD"),),
    ),
    Product(
        "qq-music",
        titles("QQ音乐绿钻豪华版", "QQ Music Green Diamond"),
        titles("绿钻豪华版月卡，无损音质畅听。", "A month of the luxury tier, lossless."),
        (card("qq-music-month", "绿钻豪华版 月卡", "Green Diamond, a month", 1280, 1800, "qq-music"),),
    ),
    Product(
        "netease-music",
        titles("网易云音乐黑胶VIP", "NetEase Cloud Music VIP"),
        titles("黑胶VIP月卡兑换码。", "A month of Vinyl VIP by code."),
        (card("netease-music-month", "黑胶VIP 月卡", "Vinyl VIP, a month", 1180, 1800, "netease-music"),),
    ),
    Product(
        "music-world",
        titles("Spotify 礼品卡", "Spotify gift card"),
        titles("美区 Spotify Premium 充值码。", "Premium on a US account."),
        (card("spotify-us-10", "Spotify 10 美元", "Spotify US$10", 1050, 1000, "spotify", currency="USD"),),
    ),
    Product(
        "game-wallets",
        titles("Steam 钱包充值码", "Steam Wallet code"),
        titles("国区 Steam 钱包充值码，自动发货。", "For Chinese accounts; delivered at once."),
        (
            card("steam-cny-50", "Steam 50 元", "Steam ¥50", 4990, 5000, "steam"),
            card(
                *("steam-cny-100", "Steam 100 元", "Steam ¥100", 9950, 10000, "steam"),
                tiers=[{"from_quantity": 5, "price": 9900}],
            ),
        ),
    ),
    Product(
        "app-stores",
        titles("Apple 充值卡", "Apple gift card"),
        titles("中国大陆 App Store 充值卡。大面额每位买家限购。", "For mainland China; larger values are limited."),
        (
            card("apple-cny-100", "App Store 100 元", "App Store ¥100", 9700, 10000, "apple"),
            card("apple-cny-500", "App Store 500 元", "App Store ¥500", 48600, 50000, "apple", limit_per_buyer=2),
        ),
    ),
    Product(
        "shopping",
        titles("京东E卡", "JD E-card"),
        titles("京东自营商品通用，不可提现。", "For goods sold by JD itself."),
        (
            card(
                *("jd-ecard-100", "京东E卡 100 元", "JD E-card ¥100", 9880, 10000, "jd"),
                card_format="number_pin",
                channels={"mini-program": {"visible": False}},
            ),
        ),
    ),
    Product(
        "coffee",
        titles("瑞幸咖啡拿铁兑换券", "Luckin latte voucher"),
        titles("打开链接领取，90 天内有效。", "Open the link to take it; good for 90 days."),
        (
            card(
                *("luckin-latte", "生椰拿铁 1 杯", "One coconut latte", 1390, 2900, "luckin"),
                card_format="link",
                validity={"days_from_delivery": 90},
            ),
        ),
    ),
    Product(
        "coffee",
        titles("本店咖啡券", "House coffee vouchers"),
        titles(
            "次卡每天可用，礼品券可分次消费，到店核销。", "Three cups, or an amount to spend in parts, at the counter."
        ),
        (
            {
                "id": "house-coffee-3",
                "kind": "voucher",
                "titles": titles("咖啡次卡 3 杯", "Three coffees"),
                "price": 4900,
                "voucher": {
                    "value": {"kind": "times", "times": 3},
                    "reversal_minutes": 30,
                    "rules": {"days_from_delivery": 90, "hours": [{"opens": "07:00", "closes": "22:00"}]},
                },
            },
            {
                "id": "house-gift-50",
                "kind": "voucher",
                "titles": titles("储值券 50 元", "Gift voucher ¥50"),
                "price": 5000,
                "face_value": 5000,
                "voucher": {
                    "value": {"kind": "amount", "amount": 5000},
                    "pin_digits": 6,
                    "reversal_minutes": 30,
                    "rules": {"days_from_delivery": 365},
                },
            },
        ),
    ),
    Product(
        "games",
        titles("网游加速器体验码", "Game booster trial"),
        titles("通用体验码，同一个码多人可用。", "One key that many buyers use."),
        (
            card(
                *("booster-week", "加速器 7 天", "Booster, 7 days", 99, 1500, "booster"),
                reusable_uses=60,
                limit_per_buyer=1,
                limit_per_order=1,
            ),
        ),
    ),
    Product(
        "games",
        titles("游戏点卡", "Game card"),
        titles("按采购单进货，到货即可购买。", "Bought in by purchase orders, sold once they are received."),
        (card("game-card-100", "点卡 100 元", "Game card ¥100", 9900, 10000, "game-card", card_format="number_pin"),),
    ),
    Product(
        "game-wallets",
        titles("Q 币直充", "Q Coins"),
        titles("填写 QQ 号直充到账。", "Straight to a QQ number."),
        (
            {
                "id": "qq-coins-10",
                "kind": "topup",
                "titles": titles("Q 币 10 个", "10 Q Coins"),
                "price": 990,
                "face_value": 1000,
                "topup": {"fields": [{"name": "qq", "kind": "qq", "titles": titles("QQ 号", "QQ number")}]},
            },
        ),
    ),
    Product(
        "netease-music",
        titles("网易云音乐黑胶VIP 季卡", "NetEase Cloud Music VIP, a season"),
        titles("付款后向同行站点采购。", "Bought from another shop as you pay."),
        (
            card(
                *("netease-season", "黑胶VIP 季卡", "Vinyl VIP, a season", 3980, 4500, "netease-season"),
                card_format="number_pin",
                hold="payment",
                sourcing="on_demand",
            ),
        ),
    ),
    Product(
        "phone-credit",
        titles("手机话费充值", "Phone credit"),
        titles("填写手机号直充到账，充值后不可退。", "Straight to a phone number; it cannot be returned."),
        (
            {
                "id": "mobile-50",
                "kind": "topup",
                "titles": titles("话费 50 元", "Phone credit ¥50"),
                "price": 4990,
                "face_value": 5000,
                "topup": {
                    "fields": [{"name": "phone", "kind": "phone", "titles": titles("手机号", "Phone number")}],
                    "check": "if_possible",
                    "confirm_text": titles("充值后不可退款。", "A top-up cannot be returned."),
                },
            },
        ),
    ),
    Product(
        "help",
        titles("电视会员远程安装指导", "Remote set-up help for TV"),
        titles("工作人员远程指导安装与登录，24 小时内联系。", "A person helps you to install; within 24 hours."),
        (
            {
                "id": "tv-setup-help",
                "kind": "manual",
                "titles": titles("远程指导 30 分钟", "Half an hour of help"),
                "price": 3900,
                "backlog_hours": 24,
            },
        ),
    ),
    Product(
        "packs",
        titles("影音双会员月包", "Video and music for a month"),
        titles("爱奇艺月卡 + QQ音乐月卡，一次买齐。", "iQIYI and QQ Music together."),
        (
            {
                "id": "video-music-month",
                "kind": "bundle",
                "titles": titles("影音双会员 月包", "Both, a month"),
                "price": 2980,
                "components": [
                    {"sku": "iqiyi-gold-month", "quantity": 1},
                    {"sku": "qq-music-month", "quantity": 1},
                ],
            },
        ),
    ),
)
