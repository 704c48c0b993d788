"""The OpenAPI 3.1 document at `/api/openapi.json`, made from the handlers and their access rules."""

from typing import Any

from litestar import Request, Response, get
from litestar.config.response_cache import CACHE_FOREVER
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Components, License, SecurityScheme, Tag

from bartizan import __version__
from bartizan.server.auth.access import PUBLIC, Access

CONFIG = OpenAPIConfig(
    title="Bartizan",
    version=__version__,
    summary="One watch over a hybrid estate",
    description=(
        "Everything that the browser interface does is a call of this API.\n\n"
        "**Signing in.** Scripts send `Authorization: Bearer <token>`; a token has scopes. Browsers have a "
        "session cookie and send its `csrf_token` as `X-CSRF-Token` with every request that changes something.\n\n"
        "**Lists** are pages: `next` is an opaque cursor, absent on the last page; `total` is exact unless "
        "`total_at_least` is true. `Accept: text/csv` answers a whole list as CSV.\n\n"
        "**Errors** are problem documents (RFC 9457) with a `remedy`, and a `reference` that is also in "
        "the server's log.\n\n"
        "**Times** are RFC 3339 in UTC."
    ),
    license=License(name="Apache-2.0", identifier="Apache-2.0"),
    use_handler_docstrings=True,
    path="/api/internal-schema",
    render_plugins=(),
    components=Components(
        security_schemes={
            "session": SecurityScheme(type="apiKey", name="bartizan", security_scheme_in="cookie"),
            "token": SecurityScheme(type="http", scheme="bearer"),
            "sensor": SecurityScheme(
                type="http", scheme="Bartizan-1", description="HMAC-SHA256 over method, path, date, nonce and body."
            ),
        }
    ),
    tags=[
        Tag(name="session", description="Signing in and out."),
        Tag(name="overview", description="The estate in a few numbers."),
        Tag(name="assets", description="What is watched: facts by section, findings, history."),
        Tag(name="findings", description="What was concluded: vulnerabilities, failed policies, what is not known."),
        Tag(name="decisions", description="Accepted risks, false positives, deferrals."),
        Tag(name="policies", description="What is checked, and how the estate fares."),
        Tag(name="feeds", description="Advisories: what is known, how old that is."),
        Tag(name="jobs", description="What the server is doing."),
        Tag(name="sensors", description="Who reports, and how new ones enrol."),
        Tag(name="tokens", description="Tokens of scripts."),
        Tag(name="audit", description="Who did what."),
        Tag(name="query", description="The query language."),
        Tag(name="stream", description="Live refresh."),
        Tag(name="uplink", description="What sensors speak."),
        Tag(name="health", description="For orchestrators and Prometheus."),
    ],
)


@get("/api/openapi.json", opt=PUBLIC, include_in_schema=False, sync_to_thread=True, cache=CACHE_FOREVER)
def openapi_document(request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
    return Response(
        document(request.app),
        media_type="application/vnd.oai.openapi+json;version=3.1",
        headers={"Cache-Control": "no-cache"},
    )


def document(app: Any) -> dict[str, Any]:
    """The framework's document, with each operation's security and its possible problems."""
    found: dict[str, Any] = app.openapi_schema.to_schema()
    rules = _rules(app)
    found.setdefault("components", {}).setdefault("schemas", {})["Problem"] = _PROBLEM
    for path, item in found.get("paths", {}).items():
        for method, operation in item.items():
            access = rules.get((path, method.upper()))
            if access is None:
                continue
            operation["security"] = _security(access)
            operation["x-bartizan-access"] = {"role": access.role, "scope": access.scope, "signed": access.signed}
            _add_problems(operation, access)
    return found


def _rules(app: Any) -> dict[tuple[str, str], Access]:
    rules: dict[tuple[str, str], Access] = {}
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            access = handler.opt.get("access")
            if isinstance(access, Access):
                path = route.path_format
                rules.update({(path, method): access for method in handler.http_methods})
    return rules


def _security(access: Access) -> list[dict[str, list[str]]]:
    if access.signed:
        return [{"sensor": []}]
    if access.role is None:
        return []
    return [{"session": []}, *([{"token": [access.scope]}] if access.scope else [])]


def _add_problems(operation: dict[str, Any], access: Access) -> None:
    responses = operation.setdefault("responses", {})
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    wanted = {"default": "Any other problem"}
    if access.role is not None or access.signed:
        wanted |= {"401": "Not signed in", "403": "Not allowed"}
    for status in ("400", "404"):
        if status in responses:
            wanted[status] = responses[status].get("description", "Problem")
    for status, description in wanted.items():
        responses[status] = {"description": description, "content": content}


_PROBLEM: dict[str, Any] = {
    "title": "Problem",
    "description": "RFC 9457, with what to do and a reference for the log.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance", "reference"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "reference": {"type": "string"},
        "remedy": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"path": {"type": "string"}, "reason": {"type": "string"}},
                "required": ["path", "reason"],
            },
        },
        "position": {"type": "integer", "description": "Where a query text is wrong, from 0."},
        "expected": {"type": "array", "items": {"type": "string"}, "description": "What could stand there."},
    },
}
