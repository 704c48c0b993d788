"""`/overview`: the first page: what is at risk, what changed, what to fix first, what cannot be seen."""

from datetime import UTC, datetime

import msgspec
from litestar import Controller, get

from bartizan.inventory.knowledge import get_knowledge
from bartizan.inventory.overview import overview
from bartizan.server.api.feeds import knowledge_view
from bartizan.server.api.parameters import GivenContext, GivenPrincipal
from bartizan.server.api.records import Overview
from bartizan.server.api.sensors import SILENT_AFTER
from bartizan.server.auth.access import READ


class OverviewController(Controller):
    path = "/overview"
    tags = ("overview",)

    @get(opt=READ, sync_to_thread=True, summary="The estate in a few numbers")
    def overview(self, context: GivenContext, principal: GivenPrincipal) -> Overview:
        """Read from sums that are kept as findings change, so it costs the same for ten assets and for a million."""
        now = datetime.now(UTC)
        silent = SILENT_AFTER * context.settings.sensor_interval * 1000
        with context.store.read() as conn:
            found = overview(conn, principal.organisation, now, silent_after=silent)
            state = get_knowledge(conn)
        plain = msgspec.to_builtins(found)
        plain["knowledge"] = msgspec.to_builtins(knowledge_view(state, trouble=context.shelf.trouble, now=now))
        return msgspec.convert(plain, Overview)
