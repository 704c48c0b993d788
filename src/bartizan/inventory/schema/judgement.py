"""What was concluded: assessments, the finding sets that they share, what became of findings, and people's decisions.

An asset does not own findings. It points at finding sets (`asset_findings`), which assets with the same facts share.
Rows per asset and finding (`finding_state`) exist only where something changed after the asset's first assessment.
"""

from sqlalchemy import Boolean, Column, Float, Index, Integer, SmallInteger, Table, Text, UniqueConstraint, text

from bartizan.inventory.schema.columns import METADATA, Blob, Moment, Number, Words, number, org, reference


def _why() -> list[Column[str]]:
    """Why a change came about, see `causes`; empty where it was written before this was noted."""
    return [Column(name, Words, nullable=False, server_default="") for name in ("cause", "changed", "knowledge")]


finding_key = Table(
    "finding_key",
    METADATA,
    number(),
    org(),
    Column("kind", Words, nullable=False),
    Column("rule", Words, nullable=False),
    Column("locator", Words, nullable=False),
    UniqueConstraint("org_id", "rule", "locator", "kind"),
)

finding_detail = Table(
    "finding_detail",
    METADATA,
    number(),
    org(),
    reference("key_id", "finding_key.id", index=True),
    Column("digest", Text, nullable=False),
    Column("kind", Words, nullable=False),
    Column("rule", Words, nullable=False),
    Column("severity", SmallInteger, nullable=False),  # Severity.rank
    Column("score", Float(53), nullable=False),
    Column("unknown", Boolean, nullable=False),  # the verdict is unknown
    Column("title", Words, nullable=False),
    Column("package", Words, nullable=False),
    Column("installed", Words, nullable=False),
    Column("fix_state", Words, nullable=False),
    Column("fix_version", Words, nullable=False),
    Column("kev", Boolean, nullable=False),
    Column("epss", Float(53)),
    # Where an image has it from (`evidence.origin`); empty for what has no layer.
    Column("layer", Text, nullable=False, server_default=""),  # diff id
    Column("part", Words, nullable=False, server_default=""),  # base, application, unknown
    Column("origin", Words, nullable=False, server_default=""),  # operating-system, application
    Column("base", Words, nullable=False, server_default=""),  # name of the base image
    Column("body", Blob, nullable=False),  # {"evidence": ..., "fix_text": ..., "layer": ...}
    UniqueConstraint("org_id", "digest"),
    Index(None, "org_id", "score", "id"),
    Index(None, "org_id", "severity", "score", "id"),
    Index(None, "org_id", "rule", "id"),
    Index(None, "org_id", "package", "id"),
)

rule_alias = Table(
    "rule_alias",
    METADATA,
    reference("org_id", "organisation.id", primary_key=True),
    Column("rule", Words, primary_key=True),
    Column("alias", Words, primary_key=True),
    Index(None, "org_id", "alias"),
    sqlite_with_rowid=False,
)

finding_set = Table(
    "finding_set",
    METADATA,
    number(),
    org(),
    Column("digest", Text, nullable=False),  # over the members' details
    Column("keys_digest", Text, nullable=False),  # over the members' identities: equal where only ratings differ
    Column("size", Integer, nullable=False),
    UniqueConstraint("org_id", "digest"),
)

finding_set_member = Table(
    "finding_set_member",
    METADATA,
    reference("set_id", "finding_set.id", primary_key=True),
    reference("key_id", "finding_key.id", primary_key=True),
    reference("detail_id", "finding_detail.id"),
    Index(None, "detail_id", "set_id"),
    Index(None, "key_id", "set_id"),
    sqlite_with_rowid=False,
)

set_summary = Table(
    "set_summary",
    METADATA,
    reference("set_id", "finding_set.id", primary_key=True),
    Column("kind", Words, primary_key=True),
    # Members that no decision for every asset takes out.
    Column("critical", Integer, nullable=False),
    Column("high", Integer, nullable=False),
    Column("medium", Integer, nullable=False),
    Column("low", Integer, nullable=False),
    Column("info", Integer, nullable=False),
    Column("unrated", Integer, nullable=False),
    Column("unknowns", Integer, nullable=False),
    Column("kev", Integer, nullable=False),
    Column("top", Float(53), nullable=False),  # highest score
    Column("total", Float(53), nullable=False),  # sum of scores
    Column("weight", Float(53), nullable=False),  # sum of squares of scores / 100
    sqlite_with_rowid=False,
)

outcome = Table(
    "outcome",
    METADATA,
    number(),
    org(),
    Column("digest", Text, nullable=False),
    Column("passed", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("unknown", Integer, nullable=False),
    Column("not_applicable", Integer, nullable=False),
    Column("body", Blob, nullable=False),  # {"counts": {...}, "passed": [rule], "not_applicable": {rule: reason}}
    UniqueConstraint("org_id", "digest"),
)

assessment = Table(
    "assessment",
    METADATA,
    number(),
    org(),
    Column("assessor", Words, nullable=False),
    Column("input_digest", Text, nullable=False),
    Column("sections", Blob, nullable=False),  # {name: digest} of the input
    Column("blind", Boolean, nullable=False, default=False),  # the assessor had nothing to judge by
    Column("unread", Words, nullable=False),  # sections of the input whose facts are not known, comma-separated
    Column("knowledge", Text, nullable=False, server_default=""),
    Column("replaced", Text, nullable=False, server_default=""),  # the knowledge that last concluded something else
    Column("assessed_at", Moment),  # None: not yet
    Column("depends", Blob),  # what of the knowledge it hangs on, see `model.assessment`; None: on all of it
    reference("set_id", "finding_set.id", nullable=True, index=True),
    reference("outcome_id", "outcome.id", nullable=True),
    UniqueConstraint("org_id", "assessor", "input_digest"),
)

asset_assessment = Table(
    "asset_assessment",
    METADATA,
    reference("asset_id", "asset.id", primary_key=True),
    Column("source", Words, primary_key=True),
    Column("assessor", Words, primary_key=True),
    org(),
    reference("assessment_id", "assessment.id", index=True),
    Column("dirty", Boolean, nullable=False),  # the asset does not point at this assessment's set yet
    Column("gone", Boolean, nullable=False),  # the source no longer reports this scope
    Column("attached_id", Number),  # the assessment that was attached last, which may be forgotten by now
    Column("attached_set_id", Number),  # and the set that it had then
    Index("ix_asset_assessment_dirty", "org_id", sqlite_where=text("dirty"), postgresql_where=text("dirty")),
)

attestation = Table(
    "attestation",
    METADATA,
    reference("asset_id", "asset.id", primary_key=True),
    Column("source", Words, primary_key=True),
    Column("assessor", Words, primary_key=True),
    Column("valid_from", Moment, primary_key=True, autoincrement=False),
    Column("valid_to", Moment),
    reference("set_id", "finding_set.id", index=True),
    reference("outcome_id", "outcome.id", nullable=True),
    Column("read", Words, nullable=False),  # sections with facts when it was last complete, comma-separated
    *_why(),  # it begins
    sqlite_with_rowid=False,
)

asset_findings = Table(
    "asset_findings",
    METADATA,
    reference("asset_id", "asset.id", primary_key=True),
    Column("assessor", Words, primary_key=True),
    org(),
    reference("set_id", "finding_set.id"),  # what at least one source attests
    reference("outcome_id", "outcome.id", nullable=True),
    Column("since", Moment, nullable=False),  # first assessment: when findings without a row of their own were opened
    Index(None, "set_id", "asset_id"),
    Index(None, "org_id", "set_id", "asset_id"),
    sqlite_with_rowid=False,
)

finding_state = Table(
    "finding_state",
    METADATA,
    reference("asset_id", "asset.id", primary_key=True),
    reference("key_id", "finding_key.id", primary_key=True),
    org(),
    Column("fixed", Boolean, nullable=False),
    Column("opened_at", Moment, nullable=False),  # for the first time
    Column("fixed_at", Moment),
    Column("reopened", Integer, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("change", Words, nullable=False),  # opened, fixed, reopened: the last that happened
    reference("detail_id", "finding_detail.id"),  # as it was at the last change
    Index(None, "key_id", "asset_id"),
    Index(None, "org_id", "fixed", "detail_id", "asset_id"),
    Index(None, "org_id", "opened_at", "asset_id"),
    sqlite_with_rowid=False,
)

asset_change = Table(
    "asset_change",
    METADATA,
    number(),
    org(),
    reference("asset_id", "asset.id"),
    Column("at", Moment, nullable=False),
    Column("change", Words, nullable=False),  # assessed (for the first time), opened, fixed, reopened
    Column("findings", Integer, nullable=False),
    Column("severity", SmallInteger, nullable=False),  # the worst
    reference("key_id", "finding_key.id", nullable=True),  # one of them
    Column("family", Words, nullable=False, server_default=""),  # of assessors
    *_why(),
    Index(None, "org_id", "at"),
    Index(None, "asset_id", "at"),
)

decision = Table(
    "decision",
    METADATA,
    number(),
    org(),
    Column("verdict", Words, nullable=False),  # accepted, false-positive, not-affected, deferred
    Column("rule", Words, nullable=False),  # empty where a query says what is meant
    Column("locator", Words),  # None: any
    reference("asset_id", "asset.id", nullable=True, index=True),  # None: every asset
    Column("reason", Words, nullable=False),
    Column("requested_by", Words, nullable=False),
    Column("approved_by", Words),
    Column("created_at", Moment, nullable=False),
    Column("approved_at", Moment),  # None: waits for an approver and has no effect yet
    Column("expires_at", Moment),
    Column("expires_when_fixable", Boolean, nullable=False),
    Column("ended_at", Moment),  # revoked, or found expired by housekeeping
    Column("ended_by", Words),
    Column("query", Words),  # None: the decision names a rule
    Column("scoped", Boolean, nullable=False, server_default=text("false")),  # the query names assets too
    Index(None, "org_id", "rule"),
    Index(
        "ix_decision_query",
        "org_id",
        sqlite_where=text("query IS NOT NULL"),
        postgresql_where=text("query IS NOT NULL"),
    ),
)

decision_finding = Table(
    "decision_finding",
    METADATA,
    # What a decision by query means: findings in this form, on every asset or on those whose scope has the decision.
    reference("decision_id", "decision.id", primary_key=True),
    reference("detail_id", "finding_detail.id", primary_key=True),
    Index(None, "detail_id", "decision_id"),
    sqlite_with_rowid=False,
)

decision_scope = Table(
    "decision_scope",
    METADATA,
    # A combination of decisions whose queries name assets: assets to which the same ones apply share a row.
    number(),
    org(),
    Column("decisions", Text, nullable=False),  # their numbers, ascending, comma-separated
    UniqueConstraint("org_id", "decisions"),
)

decision_scope_member = Table(
    "decision_scope_member",
    METADATA,
    reference("scope_id", "decision_scope.id", primary_key=True),
    reference("decision_id", "decision.id", primary_key=True, index=True),
    sqlite_with_rowid=False,
)

asset_scope = Table(
    "asset_scope",
    METADATA,
    reference("asset_id", "asset.id", primary_key=True, autoincrement=False),
    org(),
    reference("scope_id", "decision_scope.id"),
    Index(None, "scope_id", "asset_id"),
    Index(None, "org_id", "scope_id"),
)

policy_parameter = Table(
    "policy_parameter",
    METADATA,
    reference("org_id", "organisation.id", primary_key=True),
    Column("policy", Words, primary_key=True),
    Column("name", Words, primary_key=True),
    Column("value", Text, nullable=False),  # JSON
    Column("set_by", Words, nullable=False),
    Column("set_at", Moment, nullable=False),
    sqlite_with_rowid=False,
)

day_statistic = Table(
    "day_statistic",
    METADATA,
    reference("org_id", "organisation.id", primary_key=True),
    Column("day", Text, primary_key=True),
    Column("kind", Words, primary_key=True),
    Column("opened", Integer, nullable=False),
    Column("fixed", Integer, nullable=False),
    Column("critical", Integer, nullable=False),
    Column("high", Integer, nullable=False),
    Column("medium", Integer, nullable=False),
    Column("low", Integer, nullable=False),
    Column("info", Integer, nullable=False),
    Column("unrated", Integer, nullable=False),
)

transition = Table(
    "transition",
    METADATA,
    # A desk, empty between transactions: which asset moves from which set to which while findings are attached.
    Column("asset_id", Number, primary_key=True, autoincrement=False),
    Column("assessor", Words, primary_key=True),
    Column("old_id", Number, nullable=False),  # 0: none
    Column("new_id", Number, nullable=False),  # 0: none
    Column("since", Moment, nullable=False),
    Column("family", Words, nullable=False, server_default=""),
    *_why(),
    Index(None, "old_id", "new_id"),
)

transition_finding = Table(
    "transition_finding",
    METADATA,
    # Beside it: what differs between two sets, once per pair.
    Column("old_id", Number, primary_key=True, autoincrement=False),
    Column("new_id", Number, primary_key=True, autoincrement=False),
    Column("key_id", Number, primary_key=True, autoincrement=False),
    Column("detail_id", Number, nullable=False),
    Column("added", Boolean, nullable=False),
)
