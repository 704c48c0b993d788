"""`/uplink`: what sensors speak. Requests are signed (see `sensors.uplink.signing`), and so are the answers."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
from litestar import Controller, Request, Response, post

from bartizan.sensors.uplink import protocol
from bartizan.sensors.uplink.signing import REPLY_HEADER, sign_reply
from bartizan.server.api.parameters import GivenContext
from bartizan.server.auth.access import SENSOR
from bartizan.server.context import Context
from bartizan.server.problems import MEDIA_TYPE, Problem, invalid, respond
from bartizan.server.threads import in_thread
from bartizan.server.uplink.receive import Caller, enrol, take_manifest, take_sections, who

_ENCODER = msgspec.json.Encoder()


class UplinkController(Controller):
    path = "/uplink"
    tags = ("uplink",)

    @post("/enrol", opt=SENSOR, status_code=201, summary="Enrol a sensor", request_max_body_size=protocol.PLAIN_LIMIT)
    async def enrol(self, request: Request[Any, Any, Any], context: GivenContext) -> dict[str, str]:
        """Trades an activation key for the sensor's own id and key."""
        body = await request.body()
        address = request.client.host if request.client else ""
        return await in_thread(enrol, context, body, address)

    @post(
        "/manifest",
        opt=SENSOR,
        status_code=200,
        summary="Say what there is",
        request_max_body_size=protocol.PLAIN_LIMIT,
    )
    async def manifest(self, request: Request[Any, Any, Any], context: GivenContext) -> Response[bytes]:
        """Section names and digests; the answer names those whose content is not known yet."""
        return await _signed(request, context, "manifest", take_manifest)

    @post(
        "/sections",
        opt=SENSOR,
        status_code=200,
        summary="Send what was missing",
        request_max_body_size=protocol.SENT_LIMIT,
    )
    async def sections(self, request: Request[Any, Any, Any], context: GivenContext) -> Response[bytes]:
        """The contents that were missing, as gzip. The snapshot is then stored as a whole or not at all."""
        if request.headers.get("content-encoding", "").lower() != "gzip":
            raise invalid("Content-Encoding", "sections are sent as gzip")
        return await _signed(request, context, "sections", take_sections)


async def _signed(
    request: Request[Any, Any, Any],
    context: Context,
    kind: str,
    take: Callable[[Context, Caller, bytes, datetime], dict[str, Any]],
) -> Response[bytes]:
    body = await request.body()
    header = request.headers.get("authorization", "")
    caller = await in_thread(who, context, header, request.scope["path"], body, datetime.now(UTC))
    try:
        if caller.refused is not None:
            raise caller.refused
        answer = await in_thread(take, context, caller, body, datetime.now(UTC))
    except Problem as problem:
        context.metrics.uplink.labels(kind, problem.code).inc()
        content = _ENCODER.encode(respond(request, problem).content)
        return _answer(caller, problem.status, content, MEDIA_TYPE, problem.headers)
    context.metrics.uplink.labels(kind, "taken").inc()
    return _answer(caller, 200, _ENCODER.encode(answer), "application/json", {})


def _answer(caller: Caller, status: int, content: bytes, media_type: str, headers: dict[str, str]) -> Response[bytes]:
    signature = sign_reply(caller.key, caller.nonce, status, content)
    return Response(content, status_code=status, media_type=media_type, headers={REPLY_HEADER: signature, **headers})
