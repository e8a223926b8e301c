"""Who may call the shop, pressed in a browser: a key takes another's place without a gap; a channel's pages, its stock
and whether it sells."""

from playwright.sync_api import expect

from tests.stack.browser import Pages
from tests.stack.console import Console
from tests.stack.shop import Shop, number, until

ORIGIN = "https://shop.example.com"


def test_a_key_is_replaced_before_the_old_one_is_revoked(edge: str, pages: Pages, shop: Shop) -> None:
    name = number("Ann ")
    console = Console(pages, shop.operator, "en", at="/keys")
    page, says = console.page, console.says
    rows = page.get_by_role("row").filter(has_text=name)
    keys: list[str] = []

    console.button("channels.newKey").first.click()
    form = console.drawer("channels.newKey")
    console.field("channels.keyName", form).fill(name)
    console.field("channels.ips", form).fill("300.1.1.1")
    console.button("channels.makeKey", form).click()
    expect(form.get_by_text(says("fault.at.ips.value_error"))).to_be_visible()
    console.field("channels.ips", form).fill("")
    for dialog in ("channels.newKey", "channels.rotate"):
        form = console.drawer(dialog)
        console.button("channels.makeKey", form).click()
        keys.append(form.locator(".once code").inner_text())
        console.button("common.close", form).click()
        expect(form).to_be_hidden()
        assert keys[-1] not in page.content(), "shown once"
        if dialog == "channels.newKey":
            console.button("channels.rotate", rows).click()
    shop.credentials += keys

    # Both work now, and it is told which is to go.
    assert [shop.wire.send("GET", "/v1/admin/orders", credential=key).status for key in keys] == [200, 200]
    old, new = rows.filter(has_text=says("channels.isReplaced")), rows.filter(has_text=says("channels.isLive"))
    expect(console.button("channels.rotate", new)).to_be_disabled()
    console.fits()
    console.button("channels.revoke", old).click()
    console.button("channels.revoke", console.drawer("channels.revoke")).click()
    console.tells("channels.revoked")
    expect(rows.filter(has_text=says("channels.isRevoked"))).to_have_count(1)
    listed = [one for one in shop.admin("GET", "/keys?limit=100").must()["items"] if one["name"] == name]
    live, gone = sorted(listed, key=lambda one: one["created_at"], reverse=True)
    assert live["revoked_at"] is None
    assert gone["revoked_at"] is not None
    assert not [key for key in keys if key in str(listed)]


def test_a_channels_terms_are_changed(edge: str, pages: Pages, shop: Shop) -> None:
    store = shop.channel(name=number("H5 "))
    path = f"/channels/{store.channel}"
    console = Console(pages, shop.operator, phone=True, at=path)
    page, says = console.page, console.says
    lines = page.get_by_role("group", name=says("channels.origins"), exact=True).last
    console.button("ui.add", lines).click()
    lines.get_by_role("textbox").fill("my shop")
    console.button("ui.save").click()
    expect(page.get_by_text(says("fault.at.origins.string_pattern_mismatch"))).to_be_visible()
    console.fits()
    # To leave is asked about, by the menu and by signing out.
    for leaving in (says("menu.keys"), says("frame.out")):
        if leaving == says("menu.keys"):
            page.get_by_role("button", name=says("frame.menu")).click()
        page.get_by_role("link", name=leaving, exact=True).or_(page.get_by_role("button", name=leaving)).click()
        console.button("common.cancel", console.drawer("ui.leave")).click()
        expect(lines.get_by_role("textbox")).to_have_value("my shop")
    page.get_by_role("button", name=says("frame.menu")).click()

    # What somebody has copied from an address bar is cut down to its origin.
    lines.get_by_role("textbox").fill(f"{ORIGIN}/goods?from=here")
    page.get_by_text(says("channels.ownOnly"), exact=True).click()
    console.button("ui.save").click()
    console.tells("channels.saved")
    expect(lines.get_by_role("textbox")).to_have_value(ORIGIN)
    kept = shop.admin("GET", path).must()
    assert (kept["origins"], kept["shared_too"], kept["enabled"]) == ([ORIGIN], False, True)

    # A channel that is turned off sells nothing: that is asked about.
    page.get_by_role("switch").press("Space")
    console.button("ui.save").click()
    console.button("channels.turnOff", console.drawer("channels.turnOff")).click()
    until(lambda: shop.admin("GET", path).must()["enabled"] is False)
    expect(console.button("ui.save")).to_be_disabled()
