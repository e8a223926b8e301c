"""DynamoDB and KMS on moto without the wire: botocore checks and writes each request, moto reads and answers it, and
botocore reads the answer, as ever; what would only carry it from one to the other, in one process, is left out: a
signature, an HTTP request made of it and taken apart again, retries of what never fails. That is more than half of a
call's time.
"""

from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.client import BaseClient
from moto.core.botocore_stubber import MockRawResponse
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.parse import PROTOCOL_PARSERS
from moto.dynamodb.responses import DynamoHandler
from moto.kms.responses import KmsResponse

SERVED = {"https://dynamodb.": DynamoHandler, "https://kms.": KmsResponse}
"""Where a client of AWS's own calls, and who answers; one of another address is none of ours."""

_over_the_wire: Any = BaseClient._make_request  # type: ignore[attr-defined]
_by_the_rules: Any = BaseClient._resolve_endpoint_ruleset  # type: ignore[attr-defined]


def make_request(self: Any, operation: Any, request: Any, context: Any) -> tuple[AWSResponse, dict[str, Any]]:
    """In place of `BaseClient._make_request`."""
    if not (served := _served(request["url"])):
        return _over_the_wire(self, operation, request, context)
    status, headers, body = _answer(served, operation, request, context)
    http = AWSResponse(request["url"], int(status), headers, MockRawResponse(body))
    told = {"headers": headers, "status_code": http.status_code, "body": body.encode(), "context": {}}
    endpoint = self._endpoint
    parser = endpoint._response_parser_factory.create_parser(operation.service_model.resolved_protocol)
    parsed = parser.parse(told, operation.output_shape)
    if http.status_code >= 300:
        endpoint._add_modeled_error_fields(told, parsed, operation, parser)
    return http, parsed


def resolve_endpoint(self: Any, *asked: Any, **options: Any) -> tuple[str, dict[str, str], dict[str, Any]]:
    """In place of `BaseClient._resolve_endpoint_ruleset`: the rules would say the same for each call."""
    if _served(self.meta.endpoint_url):
        return self.meta.endpoint_url, {}, {}
    return _by_the_rules(self, *asked, **options)


def _served(url: str) -> Any:
    return next((answers for host, answers in SERVED.items() if url.startswith(host)), None)


def _answer(served: Any, operation: Any, request: Any, context: Any) -> tuple[int, Any, str]:
    """What `BaseResponse.setup_class` reads from a request, told."""
    moto: Any = served()
    moto.headers, moto.querystring, moto.response_headers = request["headers"], {}, {}
    moto.body, moto.uri_match = request["body"], {}
    moto.region, moto.current_account = context["client_region"], DEFAULT_ACCOUNT_ID
    parser: Any = PROTOCOL_PARSERS["json"](operation, map_type=moto.PROTOCOL_PARSER_MAP_TYPE)
    moto.params = parser.parse({"headers": moto.headers, "body": request["body"], "url_path": "/", "url_params": {}})
    return moto.call_action()
