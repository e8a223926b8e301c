"""`/v1/docs`: Swagger UI over the whole API, with everything it needs in the page itself."""

from functools import cache
from importlib.resources import files
from json import dumps, loads

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi import swagger_ui

from quanyi.http import entry, rest_api

app = rest_api()

HERE = {"servers": [{"url": "..", "description": "This shop"}]}
"""The page lies in `/v1/` of the API that it is about."""


@app.get(
    "/v1/openapi.json",
    summary="The API as an OpenAPI 3.1 document",
    tags=["Reference"],
    responses={200: {"description": "OpenAPI", "content": {"application/json": {"schema": {"type": "object"}}}}},
)
def openapi() -> Response[str]:
    return Response(200, "application/openapi+json", document(), headers={"Cache-Control": "no-cache"})


@app.get(
    "/v1/docs",
    summary="The API to read and try out in a browser",
    tags=["Reference"],
    responses={200: {"description": "Swagger UI", "content": {"text/html": {"schema": {"type": "string"}}}}},
)
def docs() -> Response[str]:
    return Response(200, "text/html; charset=utf-8", page(), headers={"Cache-Control": "no-cache"})


@cache
def document() -> str:
    """As it was generated (`make openapi`), but for where its server is."""
    text = files("reference").joinpath("openapi.json").read_text(encoding="utf-8")
    return dumps(loads(text) | HERE, ensure_ascii=False)


@cache
def page() -> str:
    assets = files(swagger_ui)
    return swagger_ui.generate_swagger_html(
        document(),
        assets.joinpath("swagger-ui-bundle.min.js").read_text(encoding="utf-8"),
        assets.joinpath("swagger-ui.min.css").read_text(encoding="utf-8"),
        "",
        None,
        persist_authorization=True,
    )


handler = entry(app)
