"""`/audit`: who did what, in a chain of digests."""

from typing import Annotated

import msgspec
from litestar import Controller, get
from litestar.params import QueryParameter

from bartizan.inventory import audit
from bartizan.server.api.parameters import Cursor, GivenContext, GivenPrincipal, Limit, paging
from bartizan.server.api.records import AuditEntry, Page
from bartizan.server.auth.access import AUDIT

Filter = Annotated[str, QueryParameter(max_length=200)]


class ChainView(msgspec.Struct, kw_only=True):
    """Whether the chain holds."""

    entries: int
    head: str
    """Digest of the last entry. Keep it elsewhere to notice a log that was cut."""
    broken_at: int | None
    reason: str


class AuditController(Controller):
    path = "/audit"
    tags = ("audit",)

    @get(opt=AUDIT, sync_to_thread=True, summary="The audit log")
    def list_all(
        self,
        context: GivenContext,
        principal: GivenPrincipal,
        limit: Limit = 50,
        cursor: Cursor = None,
        action: Filter = "",
        actor: Filter = "",
    ) -> Page[AuditEntry]:
        """Newest first, optionally of one action or one actor."""
        with context.store.read() as conn:
            page = audit.list_entries(conn, principal.organisation, paging(limit, cursor), action=action, actor=actor)
        return Page(
            items=[
                AuditEntry(
                    at=entry.at,
                    actor=entry.actor,
                    action=entry.action,
                    subject=entry.subject,
                    detail=dict(entry.detail),
                    digest=entry.digest,
                )
                for entry in page.items
            ],
            next=page.next,
            total=page.total,
            total_at_least=page.total_at_least,
        )

    @get("/chain", opt=AUDIT, sync_to_thread=True, summary="Verify the audit log")
    def chain(self, context: GivenContext, principal: GivenPrincipal) -> ChainView:
        """Walks the whole chain: an entry that was changed, removed or slipped in is told by its number."""
        with context.store.read() as conn:
            found = audit.verify(conn, principal.organisation)
        return ChainView(entries=found.entries, head=found.head, broken_at=found.broken_at, reason=found.reason)
