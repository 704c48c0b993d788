"""What the API answers: the records that scripts and the browser read. One definition; OpenAPI is made from it.

Times are RFC 3339 in UTC. Lists are pages: `next` is an opaque cursor, absent on the last page; `total` is exact unless
`total_at_least` is true. Errors are RFC 9457 problem documents (`application/problem+json`) with `reference`.
"""

from typing import Any, Generic, Literal, TypeVar

from msgspec import Struct

Item = TypeVar("Item")

FindingState = Literal["open", "fixed", "accepted", "false-positive", "not-affected", "deferred", "unknown"]
DecisionVerdict = Literal["accepted", "false-positive", "not-affected", "deferred"]


class Page(Struct, Generic[Item], kw_only=True):
    items: list[Item]
    next: str | None = None
    total: int
    total_at_least: bool = False


class SeverityCounts(Struct, kw_only=True):
    critical: int = 0
    high: int = 0
    medium: int = 0
    low: int = 0
    info: int = 0
    unknown: int = 0


class SessionView(Struct, kw_only=True):
    """GET/POST /session: who is signed in. POST takes {username, password}; DELETE signs out."""

    username: str
    organisation: str
    role: Literal["admin", "analyst", "reader"]
    expires_at: str
    csrf_token: str
    """To be sent back as `X-CSRF-Token` with every request that changes something under a session cookie."""


class FeedView(Struct, kw_only=True):
    source: str
    records: int
    newest: str | None
    """When the newest record of the source was modified."""


class Knowledge(Struct, kw_only=True):
    """GET /feeds."""

    id: str | None
    """Identity of the advisory file; None where no feeds were imported."""
    imported_at: str | None
    newest: str | None
    age_days: float | None
    lamp: Literal["green", "amber", "red"]
    reason: str
    feeds: list[FeedView]


class Ingested(Struct, kw_only=True):
    """POST /ingest/snapshot."""

    asset_id: str
    created: bool
    """The asset was not known before."""
    changed: list[str]
    """Names of the sections that are new, differ, or are gone."""
    stale: bool
    """Older than what was uploaded before; nothing was written."""


class RiskFactor(Struct, kw_only=True):
    name: str
    points: float
    text: str


class AssetSummary(Struct, kw_only=True):
    id: str
    kind: str
    name: str
    key: str
    os: str
    """`Debian GNU/Linux 12 (bookworm)`; empty where it means nothing."""
    open: SeverityCounts
    risk: float
    """0 to 100: the highest open score with a share for the number beside it."""
    last_seen: str
    sources: list[str]
    tags: list[str]
    policy_pass: int
    policy_fail: int
    policy_unknown: int


class SectionView(Struct, kw_only=True):
    name: str
    digest: str
    since: str
    problems: int


class SectionFacts(Struct, kw_only=True):
    """GET /assets/{id}/sections/{name}[?at=time]."""

    name: str
    digest: str
    since: str
    facts: Any
    problems: list[dict[str, str]]


class RelationView(Struct, kw_only=True):
    kind: str
    asset: str
    name: str
    direction: Literal["out", "in"]


class AssetDetail(AssetSummary, kw_only=True):
    first_seen: str
    sections: list[SectionView]
    relations: list[RelationView]
    risk_factors: list[RiskFactor]
    unknowns: int
    """Findings that say that something could not be judged."""


Cause = Literal["", "first", "asset", "knowledge", "policy", "either", "gone", "decision"]
"""Why findings opened, closed or came back: judged for the first time, the asset changed, what is known of it did, a
policy or its parameter did, the asset and knowledge did at once, the source reports it no more, somebody decided; empty
where it was not noted."""


class TimelineEvent(Struct, kw_only=True):
    """GET /assets/{id}/timeline: newest first."""

    at: str
    kind: Literal[
        "first-seen",
        "section-changed",
        "finding-opened",
        "finding-fixed",
        "finding-reopened",
        "decision",
        "decision-ended",
    ]
    title: str
    detail: str
    finding: str | None = None
    severity: str | None = None
    section: str | None = None
    count: int = 1
    cause: Cause = ""
    because: str = ""
    """Why it happened, as a clause."""


class FixView(Struct, kw_only=True):
    state: str
    version: str
    text: str


class OriginView(Struct, kw_only=True):
    """Where an image has a finding from."""

    layer: str
    """Digest (diff id) of the layer."""
    part: Literal["base", "application", "unknown"]
    """Whether the base image or what was built upon it brought it."""
    kind: Literal["operating-system", "application"]
    """Whose package it is: the distribution's or the application's."""
    base: str
    """Name of the base image; empty where it is not known."""


class FindingSummary(Struct, kw_only=True):
    """An entry of GET /findings and GET /assets/{id}/findings."""

    id: str
    kind: str
    rule: str
    locator: str
    title: str
    severity: str
    verdict: Literal["fail", "unknown"]
    state: FindingState
    score: float
    asset_id: str
    asset_name: str
    package: str
    """Name of the package, for vulnerabilities; else empty."""
    installed: str
    fix: FixView
    kev: bool
    epss: float | None
    first_seen: str
    last_seen: str
    fixed_at: str | None = None
    reopened: int = 0
    sources: list[str]
    origin: OriginView | None = None
    """None for what no layer of an image brought."""


class DecisionView(Struct, kw_only=True):
    id: str
    verdict: DecisionVerdict
    reason: str
    requested_by: str
    approved_by: str | None
    created_at: str
    expires_at: str | None
    expires_when_fixable: bool
    rule: str
    """Empty where a query says what is meant."""
    locator: str | None
    asset_id: str | None
    """None: every asset of the organisation, or those that the query names."""
    query: str | None = None
    """What is meant, now and later, where the decision does not name a rule."""
    covers: int | None = None
    """Findings that a decision by query covers now."""
    active: bool
    pending: bool = False
    """Waits for somebody to approve it."""
    ended_at: str | None = None
    ended_by: str | None = None


class FindingEvent(Struct, kw_only=True):
    at: str
    kind: Literal["opened", "changed", "fixed", "reopened", "decision", "decision-ended"]
    text: str
    cause: Cause = ""
    because: str = ""
    """Why it happened, as a clause."""


class FindingDetail(FindingSummary, kw_only=True):
    """GET /findings/{id}."""

    aliases: list[str] = []
    layer: str = ""
    why: str
    """Two sentences on why it matters, made from the evidence."""
    evidence: dict[str, Any]
    controls: dict[str, list[str]]
    history: list[FindingEvent]
    decisions: list[DecisionView]
    elsewhere: int
    """Number of other assets with the same rule open; listed by GET /findings?query=rule:"..."."""
    inherited: int = 0
    """Other images that have the finding from the same layer; `inherited_query` lists them."""
    inherited_query: str = ""
    references: list[str]


class FindingGroup(Struct, kw_only=True):
    """An entry of GET /findings/groups?by=rule|package|asset|layer|base|part|origin: what to fix first."""

    key: str
    title: str
    severity: str
    score: float
    total: float = 0.0
    """Sum of the scores: what fixing the group takes away."""
    findings: int
    assets: int
    fix: str
    kev: int
    query: str
    """The query that lists the group's findings."""


class Facet(Struct, kw_only=True):
    """An entry of GET /findings/facets and GET /assets/facets."""

    field: str
    values: list[tuple[str, int]]


class TrendPoint(Struct, kw_only=True):
    day: str
    open: SeverityCounts
    opened: int
    fixed: int


class Overview(Struct, kw_only=True):
    """GET /overview: the four sentences of the first page, and what stands below them."""

    risk: float
    assets: int
    open: SeverityCounts
    kev_open: int
    opened_since_yesterday: int
    fixed_since_yesterday: int
    fix_first: list[FindingGroup]
    fix_first_share: float
    """Share (0 to 1) of the open score that fixing `fix_first` would remove."""
    unseen: list[dict[str, Any]]
    """What cannot be seen: {"text", "count", "query"}."""
    by_kind: dict[str, SeverityCounts]
    trend: list[TrendPoint]
    policies: dict[str, int]
    """Results summed over assets: pass, fail, unknown, not-applicable."""
    assets_by_os: list[tuple[str, int]]
    sensors_online: int
    sensors_silent: int
    knowledge: Knowledge


class AssetPolicy(Struct, kw_only=True):
    """An entry of GET /assets/{id}/policies."""

    policy: str
    title: str
    severity: str
    group: str
    result: Literal["fail", "unknown", "pass", "not-applicable"]
    reason: str
    finding: str | None


class PolicyView(Struct, kw_only=True):
    """An entry of GET /policies; `/policies/{id}` adds cases, check and per-asset results."""

    id: str
    title: str
    severity: str
    resource: str
    group: str
    why: str
    fix: str
    command: str
    controls: dict[str, list[str]]
    passed: int
    failed: int
    unknown: int
    not_applicable: int


class PolicyInput(Struct, kw_only=True):
    """A field of the resource that a policy reads."""

    path: str
    type: str
    about: str


class PolicyParameter(Struct, kw_only=True):
    """A value that a policy reads and that an organisation may set for itself."""

    name: str
    type: str
    default: Any
    value: Any
    """What is judged by: the organisation's own value, or the default."""
    set_by: str | None = None
    """Who set it; None: nobody, the default holds."""
    set_at: str | None = None


class PolicyDetail(PolicyView, kw_only=True):
    check: str
    applies: str
    template: str = ""
    """How a template says it right, where that is told."""
    inputs: list[PolicyInput] = []
    judges: list[str] = []
    """Where its resources come from: `hosts`, `images`, `manifests`, `templates`."""
    source: str = ""
    """File and line that it is written in."""
    cases: int = 0
    """Examples, good and bad, that it is tested with."""
    parameters: list[PolicyParameter]
    results: list[dict[str, Any]]
    """Per asset: {"asset_id", "asset_name", "result", "values", "reason", "finding"}; at most 200, worst first."""


ControlStatus = Literal["pass", "fail", "unknown", "manual", "not-covered"]
"""`unknown` is never counted as a pass. `manual`: it takes a person. `not-covered`: a machine could, no policy does."""


class FrameworkSummary(Struct, kw_only=True):
    """An entry of GET /frameworks."""

    id: str
    title: str
    version: str
    total: int
    """Controls."""
    counts: dict[str, int]
    """Status of a control to the number of controls; every status is named."""
    policies: int
    """How many policies judge some control of it."""


class ControlPolicy(Struct, kw_only=True):
    """A policy as far as a framework's page needs it."""

    title: str
    severity: str
    resource: str
    passed: int
    failed: int
    unknown: int
    not_applicable: int


class ControlView(Struct, kw_only=True):
    id: str
    title: str
    status: ControlStatus
    reason: str
    """What the status rests on, in a sentence."""
    family: str
    """The part of the framework that it stands in: `AC` of `AC-6(2)`."""
    parent: str
    """The control above it; empty where there is none."""
    manual: bool
    policies: list[str]
    failing: list[str]
    """Those of the policies that fail somewhere."""
    passed: int
    """Results over all policies and assets."""
    failed: int
    unknown: int
    not_applicable: int
    query: str
    """The query that lists the findings that stand against it; empty where there are none."""


class FrameworkDetail(FrameworkSummary, kw_only=True):
    """GET /frameworks/{id}[?asset=]."""

    controls: list[ControlView]
    judged_by: dict[str, ControlPolicy]
    """The policies that are named in `controls`, by id."""
    asset: str | None = None
    """The asset whose results these are; None: the whole estate."""


class PlacedFinding(FindingSummary, kw_only=True):
    """A finding with where in an image or a source tree it stands."""

    layer: int | None = None
    """Index of the layer that brought it, from 0; None where that is not known."""
    part: Literal["base", "application", "unknown"] | None = None
    """Whether the base image or what was built upon it brought it."""
    brought_by: Literal["operating-system", "application"] | None = None
    """Whose package it is: the distribution's or the application's."""
    path: str = ""
    line: int = 0
    end_line: int = 0
    module: str = ""
    """`module.network.subnets[0]`, for Terraform."""


class LayerView(Struct, kw_only=True):
    """One layer of an image, from the bottom."""

    index: int
    digest: str
    size: int
    """Bytes, as transported."""
    step: str
    """The build step that made it."""
    part: Literal["base", "application", "unknown"]
    packages: int
    open: SeverityCounts


class ImageLink(Struct, kw_only=True):
    """Another image."""

    id: str
    name: str


class ImageView(Struct, kw_only=True):
    """GET /images/{asset id}."""

    id: str
    name: str
    key: str
    os: str
    platform: str
    created: str
    user: str
    """Whom it runs as; empty: root."""
    entrypoint: list[str]
    exposed_ports: list[str]
    setuid: list[str]
    base: str
    """What it was built upon; empty where that is not known."""
    base_told_by: str
    built_upon_it: list[ImageLink] = []
    """Scanned images whose layers begin with all of this one's: they inherit what it has; at most 50, by name."""
    built_upon_it_count: int = 0
    layers: list[LayerView]
    findings: list[PlacedFinding]
    more: int = 0
    """Findings beyond those that are listed, the least urgent ones."""


class CodeFile(Struct, kw_only=True):
    """One file of a source tree with what stands against it."""

    path: str
    open: SeverityCounts
    findings: list[PlacedFinding]
    """By line."""


class CodeView(Struct, kw_only=True):
    """GET /code/{asset id}."""

    id: str
    name: str
    key: str
    languages: dict[str, int]
    """Template language to how many resources were read: `terraform`, `cloudformation`, `kubernetes`."""
    types: list[tuple[str, int]]
    """Resource types with their numbers, the most frequent first."""
    unmodelled: list[tuple[str, int]]
    """Types that no policy speaks of, so that nothing was judged about them."""
    files: list[CodeFile]
    """The worst first."""
    more: int = 0


class RegistryView(Struct, kw_only=True):
    """An entry of GET /registries."""

    id: str
    host: str
    repositories: list[str]
    username: str
    every_minutes: int
    created_at: str
    last_run: str | None
    last_error: str
    """Why the last look at it failed; empty where it did not."""
    tags: int
    images: int
    """Distinct images behind the tags."""
    problems: list[list[str]]
    """[`repository:tag`, why it could not be scanned], at most 20."""


class SensorView(Struct, kw_only=True):
    id: str
    kind: str
    name: str
    version: str
    asset_id: str | None
    enrolled_at: str
    last_seen: str | None
    online: bool
    revoked: bool
    spool_dropped: int = 0


class ActivationKeyView(Struct, kw_only=True):
    id: str
    name: str
    created_at: str
    expires_at: str | None
    uses: int
    max_uses: int | None
    revoked: bool
    key: str | None = None
    """Shown once, in the answer to the POST that made it."""


class TokenView(Struct, kw_only=True):
    id: str
    name: str
    scopes: list[str]
    created_at: str
    expires_at: str | None
    last_used: str | None
    token: str | None = None
    """Shown once, in the answer to the POST that made it."""


class JobView(Struct, kw_only=True):
    """An entry of GET /jobs; POST /jobs/{id}/cancel asks it to stop."""

    id: str
    kind: str
    title: str
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    progress: float | None
    started_at: str | None
    finished_at: str | None
    error: str | None = None


class AuditEntry(Struct, kw_only=True):
    at: str
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]
    digest: str
