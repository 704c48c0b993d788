"""`/stream`: server-sent events (HTML Living Standard, section 9.2) that tell the browser to ask again."""

from typing import Annotated, Any

from litestar import Controller, Request, get
from litestar.params import HeaderParameter
from litestar.response import Stream

from bartizan.server.api.parameters import GivenContext, GivenPrincipal
from bartizan.server.auth.access import READ
from bartizan.server.problems import Problem
from bartizan.server.stream import TooManyListeners


class StreamController(Controller):
    path = "/stream"
    tags = ("stream",)

    @get(opt=READ, media_type="text/event-stream", summary="Live refresh")
    async def stream(
        self,
        request: Request[Any, Any, Any],
        context: GivenContext,
        principal: GivenPrincipal,
        last_event_id: Annotated[str, HeaderParameter(name="Last-Event-ID", max_length=100)] = "",
    ) -> Stream:
        """Events `{"kind": "findings" | "assets" | "jobs" | "feeds"}`: something of that kind changed.

        A comment every 15 seconds keeps the connection open. `Last-Event-ID` brings what was missed.
        """
        try:
            events = context.hub.listen(principal.organisation, last_event_id)
        except TooManyListeners:
            raise Problem(
                503, "busy", "Too many streams are open", remedy="Try again later.", headers={"Retry-After": "30"}
            ) from None
        return Stream(
            events,
            media_type="text/event-stream; charset=utf-8",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )
