"""What addresses of the shop's origin lead to: one table that the local edge and CloudFront's function are held to."""

PLACES: dict[str, str] = {
    "/": "index.html",
    "/index.html": "index.html",
    "/products/01J9": "index.html",
    "/orders/": "index.html",
    "/claim": "claim/index.html",
    "/claim/": "claim/index.html",
    "/claim/index.html": "claim/index.html",
    "/claim/O-20261122-7": "claim/index.html",
    "/counter/today": "counter/index.html",
    "/console": "console/index.html",
    "/console/alerts/A1": "console/index.html",
    "/console/digests/2026-11-22": "console/index.html",
    "/console/a.b/c": "console/index.html",
    "/claims": "index.html",
    "/Console/": "index.html",
    "/assets/shop-Ab12.js": "assets/shop-Ab12.js",
    "/assets/": "index.html",
    "/icon.svg": "icon.svg",
    "/config.json": "config.json",
    "/no-such.js": "no-such.js",
    "/claim/no-such.js": "claim/no-such.js",
    # An encoded dot is none, and an encoded slash no slash: a place, which the app says it does not know.
    "/a%2ejs": "index.html",
    "/claim%2Fx": "index.html",
    "/%63laim/": "index.html",
    "//claim/": "index.html",
    "//evil.example/x": "index.html",
    "/..": "..",
    "/../secret.txt": "../secret.txt",
    "/.vite/manifest.json": ".vite/manifest.json",
    "/v1": "index.html",
    "/v2/products": "index.html",
    "/api/v1": "index.html",
    "/api/": "index.html",
}
"""Path to the name of the file that is asked for, whether there is one or not."""

OF_THE_API = ("/v1/", "/v1/products", "/v1/docs", "/v1/../index.html", "/api/v1/upstream/ping", "/v1/a.b/c")
