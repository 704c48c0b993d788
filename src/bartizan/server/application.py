"""The HTTP application, put together: routes, guards, errors, headers, and the life of what stands behind them.

app = create_app(Settings(data_dir=Path("data")))
uvicorn.run(app)
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial

from litestar import Litestar, Router
from litestar.config.compression import CompressionConfig
from litestar.di import Provide
from litestar.types import ControllerRouterHandler
from sqlalchemy import select

from bartizan.assess.policy.engine import load_policies
from bartizan.content.documents import ContentError
from bartizan.inventory.registries import due_registries
from bartizan.inventory.schema import estate
from bartizan.inventory.store import Store
from bartizan.sensors.uplink.signing import ReplayWindow
from bartizan.server import keys, problems
from bartizan.server.api.assets import AssetController
from bartizan.server.api.audit import AuditController
from bartizan.server.api.decisions import DecisionController
from bartizan.server.api.feeds import FeedController
from bartizan.server.api.findings import FindingController
from bartizan.server.api.frameworks import FrameworkController
from bartizan.server.api.health import healthz, metrics, readyz
from bartizan.server.api.images import CodeController, ImageController
from bartizan.server.api.ingest import IngestController
from bartizan.server.api.jobs import JobController
from bartizan.server.api.overview import OverviewController
from bartizan.server.api.parameters import provide_context, provide_principal
from bartizan.server.api.policies import PolicyController
from bartizan.server.api.policy_parameters import PolicyParameterController
from bartizan.server.api.query import QueryController
from bartizan.server.api.registries import RegistryController
from bartizan.server.api.sensors import ActivationKeyController, SensorController
from bartizan.server.api.session import SessionController
from bartizan.server.api.stream import StreamController
from bartizan.server.api.tokens import TokenController
from bartizan.server.api.uplink import UplinkController
from bartizan.server.auth.principal import guard
from bartizan.server.context import Context
from bartizan.server.estate import Estate
from bartizan.server.jobs import housekeeping
from bartizan.server.jobs.dispatch import Dispatcher
from bartizan.server.jobs.work import Jobs
from bartizan.server.knowledge import KnowledgeShelf, load_rules
from bartizan.server.metrics import Metrics
from bartizan.server.middleware import Envelope
from bartizan.server.openapi import CONFIG, openapi_document
from bartizan.server.sealing import Seal
from bartizan.server.settings import CannotStart, Settings, prepare
from bartizan.server.stream import Hub
from bartizan.server.ui import Ui, serve_ui

BODY_LIMIT = 1 << 20
"""Bytes of a request's body, where an endpoint does not say otherwise."""

CONTROLLERS: Sequence[ControllerRouterHandler] = (
    SessionController,
    OverviewController,
    AssetController,
    FindingController,
    DecisionController,
    PolicyController,
    PolicyParameterController,
    FrameworkController,
    QueryController,
    FeedController,
    JobController,
    SensorController,
    ActivationKeyController,
    TokenController,
    AuditController,
    StreamController,
    UplinkController,
    IngestController,
    ImageController,
    RegistryController,
    CodeController,
)


def create_app(settings: Settings) -> Litestar:
    """Opens the data folder and the database (`CannotStart`, `StoreError` where that fails) and builds the application.
    Jobs start with the application's lifespan."""
    prepare(settings)
    context = open_context(settings)
    api = Router(
        "/api/v1",
        route_handlers=list(CONTROLLERS),
        dependencies={
            "context": Provide(provide_context, sync_to_thread=False),
            "principal": Provide(provide_principal, sync_to_thread=False),
        },
    )
    outside = Router(
        "/",
        route_handlers=[healthz, readyz, metrics, openapi_document, serve_ui],
        dependencies={"context": Provide(provide_context, sync_to_thread=False)},
    )
    app = Litestar(
        route_handlers=[api, outside],
        guards=[guard],
        exception_handlers=problems.HANDLERS,
        compression_config=CompressionConfig(
            backend="gzip",
            gzip_compress_level=5,
            minimum_size=1024,
            exclude=["/api/v1/stream", "/api/v1/uplink", "\\.(?:woff2?|png|jpg|webp)$"],
        ),
        request_max_body_size=BODY_LIMIT,
        openapi_config=CONFIG,
        lifespan=[partial(_life, context=context)],
        logging_config=None,
        debug=False,
    )
    # Around the router itself, so that answers to unknown paths and methods are dressed and counted as well.
    app.asgi_handler = Envelope(app.asgi_handler, context)
    app.state.context = context
    app.state.ui = Ui(settings.static_dir)
    return app


def open_context(settings: Settings) -> Context:
    """The database brought up to date, the keys, the knowledge."""
    store = Store.open(settings.store_url)
    store.migrate()
    try:
        rules = load_rules(settings.malware_folders, settings.licence_policy)
    except ContentError as error:
        raise CannotStart(
            f"a rule for malware or licences cannot be used: {error}. Mend it, or take it out."
        ) from error
    shelf = KnowledgeShelf(settings.advisories, load_policies(settings.policy_folders), rules)
    hub = Hub()
    metrics_ = Metrics()
    master_key = keys.load_or_make(settings.keys, "uplink")
    seal = Seal(master_key)
    jobs = Jobs(settings, store, shelf, hub, metrics_, seal)
    dispatcher = _dispatcher(store, jobs, hub)
    jobs.when_imported = dispatcher.look_now
    jobs.when_found = dispatcher.want
    return Context(
        settings=settings,
        store=store,
        master_key=master_key,
        seal=seal,
        hub=hub,
        metrics=metrics_,
        estate=Estate(store),
        replay=ReplayWindow(time.time()),
        shelf=shelf,
        jobs=jobs,
        dispatcher=dispatcher,
    )


def _dispatcher(store: Store, jobs: Jobs, hub: Hub) -> Dispatcher:
    def everybody() -> list[int]:
        with store.read() as conn:
            return list(conn.execute(select(estate.organisation.c.id)).scalars())

    def knowledge_changed() -> bool:
        changed = jobs.note_knowledge()
        if changed:
            hub.publish(None, "feeds")
        return changed

    def keep_house() -> None:
        for org in everybody():
            jobs.submit("housekeeping", org)

    def look_at_registries() -> None:
        with store.read() as conn:
            due = due_registries(conn, datetime.now(UTC))
        for org, registry in due:
            if not jobs.running(org, "registry-watch"):
                jobs.submit("registry-watch", org, registry)

    return Dispatcher(
        assess=lambda org: _ignore(jobs.submit("assess", org)),
        assessing=lambda org: jobs.running(org, "assess"),
        knowledge_changed=knowledge_changed,
        everybody=everybody,
        keep_house=keep_house,
        housekeeping_every=housekeeping.EVERY,
        look_at_registries=look_at_registries,
    )


def _ignore(_: object) -> None:
    return None


@asynccontextmanager
async def _life(_app: Litestar, *, context: Context) -> AsyncIterator[None]:
    context.hub.start(asyncio.get_running_loop())
    await asyncio.to_thread(context.jobs.start)
    context.dispatcher.start()
    try:
        yield
    finally:
        context.hub.close()
        await asyncio.to_thread(context.dispatcher.stop)
        await asyncio.to_thread(context.jobs.stop)
        await asyncio.to_thread(context.store.close)
