"""`/ingest`: facts that a pipeline gathered: a whole snapshot of an image, a source tree or a host, with an API token.

    POST /api/v1/ingest/snapshot     Authorization: Bearer ...     Idempotency-Key: 7f3c...     Content-Encoding: gzip

It goes through the same door as a sensor's facts: content is digested anew, kept once, and judged by a job.
"""

import logging
from datetime import UTC, datetime
from typing import Any

import msgspec
from litestar import Controller, Request, Response, post

from bartizan.inventory import audit, idempotency
from bartizan.inventory.errors import BadInput
from bartizan.inventory.ingest import ingest_snapshot
from bartizan.model.snapshot import Snapshot
from bartizan.model.wire import digest
from bartizan.sensors.uplink import protocol
from bartizan.sensors.uplink.protocol import Malformed, TooMuch
from bartizan.server.api.parameters import GivenContext, GivenPrincipal
from bartizan.server.api.records import Ingested
from bartizan.server.auth.access import INGEST
from bartizan.server.auth.principal import Principal
from bartizan.server.context import Context
from bartizan.server.problems import Problem, invalid
from bartizan.server.threads import in_thread
from bartizan.server.uplink.receive import taken_at

LOG = logging.getLogger("bartizan.server.ingest")
SOURCE = "upload"
"""How the inventory names whoever attests what was uploaded."""
_ENCODER = msgspec.json.Encoder()


class IngestController(Controller):
    path = "/ingest"
    tags = ("ingest",)

    @post(
        "/snapshot",
        opt=INGEST,
        status_code=200,
        summary="Send facts that were gathered elsewhere",
        request_max_body_size=protocol.SENT_LIMIT,
    )
    async def snapshot(
        self, request: Request[Any, Any, Any], context: GivenContext, principal: GivenPrincipal
    ) -> Response[bytes]:
        """A whole snapshot, as `bartizan scan ... --format snapshot` writes it, plain or as gzip. With an
        `Idempotency-Key` it is taken once, however often it is sent."""
        body = await request.body()
        key = request.headers.get("idempotency-key", "")
        if len(key) > 200:
            raise invalid("Idempotency-Key", "has more than 200 characters")
        answer = await in_thread(take, context, principal, body, key)
        return Response(answer, status_code=200, media_type="application/json")


def take(context: Context, principal: Principal, body: bytes, key: str) -> bytes:
    """Store a snapshot and have it judged. Returns the answer."""
    try:
        snapshot = protocol.read_snapshot(body)
    except TooMuch as error:
        raise Problem(413, "too-large", "The snapshot is too large", str(error)) from None
    except Malformed as error:
        raise Problem(422, "validation", "The snapshot cannot be read", str(error)) from None
    return _store(context, principal, snapshot, key)


def _store(context: Context, principal: Principal, snapshot: Snapshot, key: str) -> bytes:
    org, now = principal.organisation, datetime.now(UTC)
    manifest = snapshot.manifest()
    fingerprint = digest([SOURCE, snapshot.asset, snapshot.taken_at, manifest])
    try:
        with context.store.begin() as conn:
            if key and (before := idempotency.recall(conn, org, key, fingerprint)):
                return before.body
            result = ingest_snapshot(
                conn,
                org,
                snapshot.asset,
                source=SOURCE,
                taken_at=taken_at(snapshot.taken_at, now),
                manifest=manifest,
                sections=snapshot.sections,
                sensor=snapshot.sensor,
            )
            answer = _ENCODER.encode(
                Ingested(
                    asset_id=str(result.asset_id),
                    created=result.created,
                    changed=list(result.changed),
                    stale=result.stale,
                )
            )
            if result.created:
                audit.write(
                    conn,
                    org,
                    actor=principal.actor,
                    action="asset.upload",
                    subject=str(result.asset_id),
                    detail={"kind": snapshot.asset.kind.value, "name": snapshot.asset.name},
                    now=now,
                )
            if key:
                idempotency.remember(conn, org, key, fingerprint, idempotency.Answer(status=200, body=answer), now)
    except BadInput as error:
        raise Problem(422, "validation", "The snapshot cannot be taken", str(error)) from None
    context.metrics.sections.inc(len(result.changed))
    if result.changed or result.created:
        context.hub.publish(org, "assets")
        context.dispatcher.want(org)
    return answer
