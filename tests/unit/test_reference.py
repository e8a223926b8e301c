"""The reference in a browser: one page, with nothing from elsewhere."""

import json
import re

from reference import pages


def test_the_page_loads_nothing_from_elsewhere() -> None:
    page = pages.page()
    assert "SwaggerUIBundle" in page
    assert "/v1/admin/orders" in page
    without_scripts = re.sub(r"<script>.*?</script>|<style>.*?</style>", "", page, flags=re.DOTALL)
    assert not re.search(r"(src|href)\s*=", without_scripts)
    assert len(page.encode()) < 5_000_000


def test_it_is_tried_out_where_it_was_read() -> None:
    assert json.loads(pages.document())["servers"] == [{"url": "..", "description": "This shop"}]


def test_both_routes_answer() -> None:
    for path, kind in (("/v1/docs", "text/html"), ("/v1/openapi.json", "application/openapi+json")):
        event = json.loads(EVENT) | {"path": path, "resource": path}
        answer = pages.handler(event, None)
        assert answer["statusCode"] == 200
        assert answer["multiValueHeaders"]["Content-Type"][0].startswith(kind)


EVENT = """{"httpMethod": "GET", "headers": {}, "multiValueHeaders": {}, "queryStringParameters": null,
"multiValueQueryStringParameters": null, "requestContext": {"stage": "local", "path": "/local/v1/docs"}, "body": null,
"isBase64Encoded": false}"""
