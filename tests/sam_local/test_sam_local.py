"""`sam local invoke` and `sam local start-api` run our functions in containers. Nothing here reaches an AWS."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

NOTIFICATION = {
    "resource": "/v1/payments/{provider}/notify",
    "path": "/v1/payments/nobody/notify",
    "httpMethod": "POST",
    "headers": {"Content-Type": "application/json"},
    "multiValueHeaders": {"Content-Type": ["application/json"]},
    "queryStringParameters": None,
    "multiValueQueryStringParameters": None,
    "pathParameters": {"provider": "nobody"},
    "requestContext": {
        "requestId": "1",
        "stage": "local",
        "path": "/v1/payments/nobody/notify",
        "identity": {"sourceIp": "127.0.0.1"},
    },
    "body": "{}",
    "isBase64Encoded": False,
}


def call(method: str, url: str, headers: dict[str, str], body: bytes | None = None) -> tuple[int, bytes]:
    request = urllib.request.Request(url, method=method, headers=headers, data=body)
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_invoke_answers_from_the_container(invoke: Callable[..., "CompletedProcess[str]"]) -> None:
    done = invoke("CheckoutNotifyFunction", json.dumps(NOTIFICATION))
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["statusCode"] == 404
    assert json.loads(answer["body"])["code"]


def test_start_api_serves_an_open_route(api_url: str) -> None:
    status, body = call("POST", f"{api_url}/v1/payments/nobody/notify", {"Content-Type": "application/json"}, b"{}")
    assert status == 404, body
    assert json.loads(body)["code"]


def test_start_api_asks_the_authorizer_first(api_url: str, api_log: Path) -> None:
    status, _ = call("GET", f"{api_url}/v1/orders/O1", {"Authorization": "Bearer nonsense"})
    # API Gateway makes a 401 of the authorizer's "Unauthorized"; SAM only knows that it failed.
    assert status in {401, 403, 502}
    log = api_log.read_text()
    assert "Invoking authorize." in log
    assert "Invoking checkout.orders." not in log
