"""Access to projects, folders and organisations, service accounts and their keys, logging, API keys."""

from collections.abc import Iterable

from bartizan.collect.resources.draft import Draft
from bartizan.collect.resources.google_access import BASIC, open_to_everybody, service_accounts
from bartizan.collect.resources.values import Unknown, Value
from bartizan.collect.templates.aws.kind import flag, number, reference, text, there
from bartizan.collect.templates.configuration import Configuration
from bartizan.collect.templates.declared import Declared
from bartizan.collect.templates.google.access import access_parts, of_resource, set_access
from bartizan.collect.templates.google.kind import Kind
from bartizan.collect.templates.rows import first, records

_LEVELS = ("project", "folder", "organization")
_ADMINISTRATORS = ("roles/owner", "roles/editor")
_ACTING = ("roles/iam.serviceaccountuser", "roles/iam.serviceaccounttokencreator")


def _grant(out: Draft, grant: Declared, configuration: Configuration) -> None:
    """A binding on a project, folder or organisation. A whole policy is one grant with all of its bindings."""
    found = list(of_resource(grant.attributes))
    out.name = grant.name
    out.set("level", next(each for each in _LEVELS if f"google_{each}_" in grant.type))
    roles = [each["role"] for each in found]
    out.set("roles", roles)
    out.set("members", [member for each in found for member in _members(each["members"])])
    out.set("public", open_to_everybody(found))
    unknown = next((each for each in roles if isinstance(each, Unknown)), None)
    basic = any(isinstance(each, str) and each.lower() in BASIC for each in roles)
    out.set("basic_role", True if basic else unknown or False)
    acting = any(isinstance(each, str) and each.lower() in _ACTING for each in roles)
    out.set("acts_as_any_account", True if acting else unknown or False)
    out.set("account_administrator", _privileged_accounts(found))


def _members(members: Value) -> list[Value]:
    return members if isinstance(members, list) else [members]


def _privileged_accounts(found: list[dict[str, Value]]) -> bool | Unknown:
    """Whether a service account gets to administer: owner, editor, or a role that ends in admin."""
    doubt: Unknown | None = None
    for each in found:
        if isinstance(each["members"], Unknown):
            doubt = doubt or each["members"]
        if not service_accounts(each["members"]):
            continue
        if isinstance(each["role"], Unknown):
            doubt = doubt or each["role"]
        elif str(each["role"]).lower() in _ADMINISTRATORS or str(each["role"]).lower().endswith("admin"):
            return True
    return doubt or False


def _account(out: Draft, account: Declared, configuration: Configuration) -> None:
    keys = configuration.linked(account, "google_service_account_key", "service_account_id", "account_id")
    out.set("keys", len(keys))
    set_access(out, account, configuration, "google_service_account", "service_account_id", "account_id")


def _audit(out: Draft, config: Declared, configuration: Configuration) -> None:
    kinds = [each.get("log_type") for each in records(config.attributes.get("audit_log_config"))]
    out.set("kinds", kinds)
    exempt = [
        member
        for each in records(config.attributes.get("audit_log_config"))
        for member in (each.get("exempted_members") or [])
    ]
    out.set("exempted", exempt)


def _sink(out: Draft, sink: Declared, configuration: Configuration) -> None:
    said = sink.attributes.get("filter")
    out.set("everything", said if isinstance(said, Unknown) else not str(said or "").strip())


def _metric(out: Draft, metric: Declared, configuration: Configuration) -> None:
    alerts = [
        each
        for each in configuration.of_type("google_monitoring_alert_policy")
        if _speaks_of(each.attributes, metric.attributes.get("name"), metric.address)
    ]
    out.set("alerted", bool(alerts))


def _speaks_of(alert: dict[str, Value], name: Value, address: str) -> bool:
    for condition in records(alert.get("conditions")):
        said = first(condition, "condition_threshold.filter|condition_absent.filter|condition_matched_log.filter")
        if isinstance(said, Unknown) and (said.target == address or (isinstance(name, str) and name in said.text)):
            return True
        if isinstance(said, str) and isinstance(name, str) and f"logging.googleapis.com/user/{name}" in said:
            return True
    return False


def _key(out: Draft, key: Declared, configuration: Configuration) -> None:
    restrictions = first(key.attributes, "restrictions.api_targets")
    out.set("apis_restricted", restrictions if isinstance(restrictions, Unknown) else bool(restrictions))
    names = ("browser_key_restrictions", "server_key_restrictions", "android_key_restrictions", "ios_key_restrictions")
    found = [first(key.attributes, f"restrictions.{each}") for each in names]
    unknown = next((each for each in found if isinstance(each, Unknown)), None)
    out.set("users_restricted", unknown or any(found))


KINDS: Iterable[Kind] = (
    Kind(
        type="google.iam.grant",
        terraform=tuple(part for each in _LEVELS for part in access_parts(f"google_{each}")),
        rows=(there("condition", "condition", ""),),
        name="role",
        more=_grant,
    ),
    Kind(
        type="google.iam.service_account",
        terraform=("google_service_account",),
        name="account_id",
        parts=access_parts("google_service_account"),
        more=_account,
    ),
    Kind(
        type="google.iam.service_account_key",
        terraform=("google_service_account_key",),
        rows=(there("own_public_key", "public_key_data", ""), reference("account", "service_account_id", "", "of")),
    ),
    Kind(
        type="google.iam.audit",
        terraform=(
            "google_project_iam_audit_config",
            "google_folder_iam_audit_config",
            "google_organization_iam_audit_config",
        ),
        rows=(text("service", "service", ""),),
        name="service",
        more=_audit,
    ),
    Kind(
        type="google.logging.sink",
        terraform=("google_logging_project_sink", "google_logging_folder_sink", "google_logging_organization_sink"),
        rows=(flag("disabled", "disabled", ""), reference("destination", "destination", "", "writes-to")),
        more=_sink,
    ),
    Kind(
        type="google.logging.bucket",
        terraform=("google_logging_project_bucket_config",),
        rows=(flag("locked", "locked", ""), number("retention_days", "retention_days", "")),
        name="bucket_id",
    ),
    Kind(
        type="google.logging.metric",
        terraform=("google_logging_metric",),
        rows=(text("filter", "filter", ""),),
        parts=("google_monitoring_alert_policy", "google_monitoring_notification_channel"),
        more=_metric,
    ),
    Kind(type="google.api_key", terraform=("google_apikeys_key",), more=_key),
)
