"""The demo shop's tree of categories, as data, and how its texts are written in two languages."""

from dataclasses import dataclass

Titles = dict[str, str]


def titles(chinese: str, english: str) -> Titles:
    return {"zh-CN": chinese, "en": english}


@dataclass(frozen=True)
class Branch:
    """A category with what is below it. `name` is what products here call it by."""

    name: str
    titles: Titles
    below: tuple["Branch", ...] = ()


CATEGORIES = (
    Branch(
        "video",
        titles("视频会员", "Video"),
        (
            Branch(
                "video-cn",
                titles("国内视频", "Chinese video"),
                (
                    Branch("iqiyi", titles("爱奇艺", "iQIYI")),
                    Branch("youku", titles("优酷", "Youku")),
                    Branch("tencent-video", titles("腾讯视频", "Tencent Video")),
                    Branch("mango", titles("芒果TV", "Mango TV")),
                ),
            ),
            Branch("video-world", titles("海外视频", "International video")),
        ),
    ),
    Branch(
        "music",
        titles("音乐会员", "Music"),
        (
            Branch(
                "music-cn",
                titles("国内音乐", "Chinese music"),
                (
                    Branch("qq-music", titles("QQ音乐", "QQ Music")),
                    Branch("netease-music", titles("网易云音乐", "NetEase Cloud Music")),
                ),
            ),
            Branch("music-world", titles("海外音乐", "International music")),
        ),
    ),
    Branch("games", titles("游戏", "Games"), (Branch("game-wallets", titles("游戏钱包", "Game wallets")),)),
    Branch(
        "life",
        titles("生活服务", "Everyday life"),
        (
            Branch(
                "gift-cards",
                titles("礼品卡", "Gift cards"),
                (
                    Branch("shopping", titles("购物卡", "Shopping")),
                    Branch("app-stores", titles("应用商店", "App stores")),
                ),
            ),
            Branch("coffee", titles("咖啡饮品", "Coffee")),
            Branch("phone-credit", titles("话费充值", "Phone credit")),
            Branch("help", titles("人工服务", "Help by people")),
        ),
    ),
    Branch("packs", titles("权益包", "Bundles")),
)
