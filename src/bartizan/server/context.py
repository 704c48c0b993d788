"""What every part of one running server shares. Made once by `create_app`, passed on, never global."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bartizan.inventory.store import Store
from bartizan.sensors.uplink.signing import ReplayWindow
from bartizan.server.auth.throttle import Throttle
from bartizan.server.auth.uses import Uses
from bartizan.server.estate import Estate
from bartizan.server.metrics import Metrics
from bartizan.server.sealing import Seal
from bartizan.server.settings import Settings
from bartizan.server.stream import Hub
from bartizan.server.uplink.commands import Commands

if TYPE_CHECKING:
    from bartizan.server.jobs.dispatch import Dispatcher
    from bartizan.server.jobs.work import Jobs
    from bartizan.server.knowledge import KnowledgeShelf


@dataclass(slots=True, kw_only=True)
class Context:
    settings: Settings
    store: Store
    master_key: bytes
    hub: Hub
    metrics: Metrics
    replay: ReplayWindow
    estate: Estate
    shelf: "KnowledgeShelf"
    jobs: "Jobs"
    seal: Seal
    dispatcher: "Dispatcher"
    commands: Commands = field(default_factory=Commands)
    uses: Uses = field(default_factory=Uses)
    sign_ins: Throttle = field(default_factory=Throttle)
    enrolments: Throttle = field(default_factory=lambda: Throttle(burst=30, refill=1.0))
