"""`/decisions`: accepted risks, false positives, what does not affect, what is deferred; with a reason and a date."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, delete, get, post
from litestar.params import FromPath, HeaderParameter, JSONBody, QueryParameter
from sqlalchemy import Connection, select

from bartizan.inventory import audit, decisions, idempotency
from bartizan.inventory.errors import NotFound
from bartizan.inventory.findings import read_id
from bartizan.inventory.schema import judgement
from bartizan.server.api.findings import converted
from bartizan.server.api.parameters import Cursor, GivenContext, GivenPrincipal, Limit, future, number, paging
from bartizan.server.api.records import DecisionVerdict, DecisionView, Page
from bartizan.server.auth.access import READ, TRIAGE
from bartizan.server.auth.principal import Principal
from bartizan.server.problems import invalid

MOST = 500
"""Findings decided on with one request."""

Key = Annotated[
    str,
    HeaderParameter(
        name="Idempotency-Key",
        max_length=200,
        description="Made up by the caller: the same key with the same body is carried out once.",
    ),
]


class NewDecision(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    verdict: DecisionVerdict
    reason: str
    findings: list[str] = []
    """Ids. Or a query:"""
    query: str = ""
    """Everything that matches it, now and later, instead of single findings. It may say what findings and what assets
    are like, joined by `and`; not how old something is, nor what became of it."""
    expires_at: datetime | None = None
    expires_when_fixable: bool = False
    everywhere: bool = False
    """For the rule and place of each finding on every asset, not only on its own."""


class DecisionController(Controller):
    path = "/decisions"
    tags = ("decisions",)

    @get(opt=READ, sync_to_thread=True, summary="List decisions")
    def list_all(
        self,
        context: GivenContext,
        principal: GivenPrincipal,
        limit: Limit = 50,
        cursor: Cursor = None,
        active: Annotated[bool | None, QueryParameter(description="In force or not; default: all.")] = None,
    ) -> Page[DecisionView]:
        """Newest first; `active` limits them to those in force, or to the others."""
        with context.store.read() as conn:
            page = decisions.list_decisions(
                conn, principal.organisation, paging(limit, cursor), datetime.now(UTC), active=active
            )
        return converted(page, DecisionView)

    @post(opt=TRIAGE, sync_to_thread=True, summary="Decide on findings")
    def create(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[NewDecision],
        context: GivenContext,
        principal: GivenPrincipal,
        idempotency_key: Key = "",
    ) -> Response[list[DecisionView]]:
        """One decision for each finding, or one by query for everything that matches it now and later. It outlives
        re-imports and holds for findings that come back."""
        if data.query.strip() and data.findings:
            raise invalid("query", "name findings or a query, not both")
        if not data.query.strip() and not 1 <= len(data.findings) <= MOST:
            raise invalid("findings", f"name 1 to {MOST} findings, or a query")
        if not data.reason.strip() or len(data.reason) > 10_000:
            raise invalid("reason", "a decision needs a reason of at most 10,000 characters")
        until = future(data.expires_at, "expires_at")
        org, now = principal.organisation, datetime.now(UTC)
        fingerprint = hashlib.sha256(msgspec.json.encode([principal.actor, data])).hexdigest()
        with context.store.begin() as conn:
            if idempotency_key:
                earlier = idempotency.recall(conn, org, idempotency_key, fingerprint)
                if earlier is not None:
                    made = msgspec.json.decode(earlier.body, type=list[DecisionView])
                    return Response(made, status_code=earlier.status)
            if data.query.strip():
                made = [_except(conn, data, principal, until, now)]
            else:
                made = [_decide(conn, each, data, principal, until, now) for each in dict.fromkeys(data.findings)]
            if idempotency_key:
                answer = idempotency.Answer(status=201, body=msgspec.json.encode(made))
                idempotency.remember(conn, org, idempotency_key, fingerprint, answer, now)
        context.hub.publish(org, "findings", "assets")
        return Response(made, status_code=201)

    @delete("/{decision_id:str}", opt=TRIAGE, sync_to_thread=True, summary="Take a decision back")
    def revoke(self, decision_id: FromPath[str], context: GivenContext, principal: GivenPrincipal) -> None:
        """Its findings stand open again."""
        key, now = number(decision_id, "decision"), datetime.now(UTC)
        with context.store.begin() as conn:
            decisions.revoke(conn, principal.organisation, key, by=principal.actor, now=now)
            _note(conn, principal, "decision.revoke", decision_id, now)
        context.hub.publish(principal.organisation, "findings", "assets")

    @post("/{decision_id:str}/approve", opt=TRIAGE, status_code=200, sync_to_thread=True, summary="Approve a decision")
    def approve(self, decision_id: FromPath[str], context: GivenContext, principal: GivenPrincipal) -> DecisionView:
        """Where the organisation wants two people: nobody approves what they requested."""
        key, now = number(decision_id, "decision"), datetime.now(UTC)
        with context.store.begin() as conn:
            made = decisions.approve(conn, principal.organisation, key, approver=principal.actor, now=now)
            _note(conn, principal, "decision.approve", decision_id, now)
        context.hub.publish(principal.organisation, "findings", "assets")
        return msgspec.convert(made, DecisionView, from_attributes=True)


def _except(
    conn: Connection, data: NewDecision, principal: Principal, until: datetime | None, now: datetime
) -> DecisionView:
    """One decision for everything that the query selects."""
    return _made(conn, data, principal, until, now, {"query": data.query.strip()}, {"query": data.query.strip()})


def _decide(
    conn: Connection, finding: str, data: NewDecision, principal: Principal, until: datetime | None, now: datetime
) -> DecisionView:
    """One decision for a finding, on its asset or everywhere."""
    asset_id, key_id = read_id(finding)
    key = judgement.finding_key
    row = conn.execute(
        select(key.c.rule, key.c.locator).where(key.c.org_id == principal.organisation, key.c.id == key_id)
    ).one_or_none()
    if row is None:
        raise NotFound(f"no finding {finding!r}")
    asset = None if data.everywhere else asset_id
    about = {"rule": row.rule, "locator": row.locator}
    return _made(conn, data, principal, until, now, {**about, "asset_id": asset}, {**about, "asset": asset})


def _made(
    conn: Connection,
    data: NewDecision,
    principal: Principal,
    until: datetime | None,
    now: datetime,
    about: Mapping[str, Any],
    told: Mapping[str, Any],
) -> DecisionView:
    """Decide and write it into the audit log. `about`: what it is about; `told`: the same in the log's words."""
    made = decisions.decide(
        conn,
        principal.organisation,
        verdict=data.verdict,
        reason=data.reason.strip(),
        requested_by=principal.actor,
        now=now,
        expires_at=until,
        expires_when_fixable=data.expires_when_fixable,
        **about,
    )
    detail = {"verdict": data.verdict, **told, "expires_at": made.expires_at, "reason": made.reason}
    if made.covers is not None:
        detail["covers"] = made.covers
    _note(conn, principal, "decision.create", made.id, now, detail)
    return msgspec.convert(made, DecisionView, from_attributes=True)


def _note(
    conn: Connection,
    principal: Principal,
    action: str,
    subject: str,
    now: datetime,
    detail: Mapping[str, Any] | None = None,
) -> None:
    org, actor = principal.organisation, principal.actor
    audit.write(conn, org, actor=actor, action=action, subject=subject, detail=detail, now=now)
