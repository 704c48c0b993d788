"""Roles, logs and defences of a subscription: definitions and assignments, log profiles, alerts, Defender."""

from collections.abc import Iterable

from bartizan.collect.resources.draft import Draft
from bartizan.collect.resources.values import Unknown, Value
from bartizan.collect.templates.aws.kind import flag, reference, text, texts, there, word
from bartizan.collect.templates.azure.kind import Kind
from bartizan.collect.templates.configuration import Configuration
from bartizan.collect.templates.declared import Declared
from bartizan.collect.templates.rows import first, records, truth

BUILT_IN = {
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
    "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "User Access Administrator",
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168": "Role Based Access Control Administrator",
    "acdd72a7-3385-48ef-bd42-f606fba81ae7": "Reader",
}
"""Roles of Azure's own, by the last part of their id (Microsoft Learn, "Azure built-in roles")."""


def _definition(out: Draft, role: Declared, configuration: Configuration) -> None:
    own = role.attributes
    name = first(own, "roleName|name")
    if isinstance(name, str):
        out.name = name
    permissions = records(own.get("permissions"))
    actions: Value = []
    for each in permissions:
        found = each.get("actions")
        if isinstance(found, Unknown):
            actions = found
            break
        actions = [*actions, *(found or [])]
    out.set("actions", actions)
    out.set("administrator", actions if isinstance(actions, Unknown) else "*" in actions)
    scopes = first(own, "assignable_scopes|assignableScopes")
    if scopes is None and own.get("scope") is not None:
        scopes = [own.get("scope")]
    out.set("scopes", scopes if isinstance(scopes, Unknown) else [_scope(each) for each in scopes or []])


def _scope(value: Value) -> Value:
    return (value.text or value.target or value) if isinstance(value, Unknown) else value


def _assignment(out: Draft, assignment: Declared, configuration: Configuration) -> None:
    own = assignment.attributes
    name = own.get("role_definition_name")
    if name is None:
        found = first(own, "role_definition_id|roleDefinitionId")
        said = found.text if isinstance(found, Unknown) else str(found or "")
        name = BUILT_IN.get(said.rstrip("')]").rpartition("/")[2].lower())
        if name is None:
            name = (
                found
                if isinstance(found, Unknown) and not found.target
                else (found.target if isinstance(found, Unknown) else said)
            )
    out.set("role", name)
    scope = own.get("scope")
    subscription = scope if isinstance(scope, Unknown) and not (scope.text or scope.target) else _is_wide(scope)
    out.set("subscription_wide", subscription)


def _is_wide(scope: Value) -> bool:
    """Whether a scope is a subscription or a management group: no resource group or resource in it."""
    if isinstance(scope, Unknown):
        if scope.target:
            return "azurerm_subscription" in scope.target or "azurerm_management_group" in scope.target
        return "resourcegroups" not in scope.text.lower()
    return "resourcegroups" not in str(scope or "").lower() and "/providers/" not in str(scope or "").lower().replace(
        "/providers/microsoft.management", ""
    )


def _log_profile(out: Draft, profile: Declared, configuration: Configuration) -> None:
    own = profile.attributes
    kept = truth(first(own, "retention_policy.enabled|retentionPolicy.enabled"), False)
    days = first(own, "retention_policy.days|retentionPolicy.days")
    if isinstance(kept, Unknown) or isinstance(days, Unknown):
        out.set("retention_days", kept if isinstance(kept, Unknown) else days)
    else:
        out.set("retention_days", int(float(days or 0)) if kept else 0)


def _alert(out: Draft, alert: Declared, configuration: Configuration) -> None:
    own = alert.attributes
    operation = first(own, "criteria.operation_name")
    conditions = records(first(own, "condition.allOf"))
    for each in conditions:
        if each.get("field") == "operationName":
            operation = each.get("equals")
    out.set("operation", operation, str)
    out.set("notifies", bool(records(own.get("action")) or records(first(own, "actions.actionGroups"))))


def _contact(out: Draft, contact: Declared, configuration: Configuration) -> None:
    own = contact.attributes
    alerts = first(own, "alert_notifications|alertNotifications.state|alertNotifications")
    out.set("alerts", truth(alerts, False))
    owners = first(own, "alerts_to_admins|alertsToAdmins|notificationsByRole.state")
    out.set("owners", truth(owners, False))


KINDS: Iterable[Kind] = (
    Kind(
        type="azure.authorization.role_definition",
        terraform=("azurerm_role_definition",),
        arm=("Microsoft.Authorization/roleDefinitions",),
        terraform_parts=("azurerm_policy_definition", "azurerm_policy_assignment", "azurerm_user_assigned_identity"),
        arm_parts=(
            "Microsoft.Authorization/policyDefinitions",
            "Microsoft.Authorization/policyAssignments",
            "Microsoft.ManagedIdentity/userAssignedIdentities",
        ),
        more_terraform=_definition,
        more_arm=_definition,
    ),
    Kind(
        type="azure.authorization.role_assignment",
        terraform=("azurerm_role_assignment",),
        arm=("Microsoft.Authorization/roleAssignments",),
        rows=(
            reference("principal", "principal_id", "principalId", "grants-to"),
            word("principal_type", "principal_type", "principalType"),
            there("condition", "condition", "condition"),
        ),
        more_terraform=_assignment,
        more_arm=_assignment,
    ),
    Kind(
        type="azure.monitor.log_profile",
        terraform=("azurerm_monitor_log_profile",),
        arm=("Microsoft.Insights/logprofiles",),
        rows=(texts("categories", "categories", "categories"), texts("locations", "locations", "locations")),
        more_terraform=_log_profile,
        more_arm=_log_profile,
    ),
    Kind(
        type="azure.monitor.activity_alert",
        terraform=("azurerm_monitor_activity_log_alert",),
        arm=("Microsoft.Insights/activityLogAlerts",),
        rows=(flag("enabled", "enabled", "enabled"),),
        terraform_parts=(
            "azurerm_monitor_action_group",
            "azurerm_monitor_diagnostic_setting",
            "azurerm_log_analytics_workspace",
        ),
        arm_parts=(
            "Microsoft.Insights/actionGroups",
            "Microsoft.Insights/diagnosticSettings",
            "Microsoft.OperationalInsights/workspaces",
        ),
        more_terraform=_alert,
        more_arm=_alert,
    ),
    Kind(
        type="azure.security.plan",
        terraform=("azurerm_security_center_subscription_pricing",),
        arm=("Microsoft.Security/pricings",),
        rows=(text("covers", "resource_type", "name"), word("tier", "tier", "pricingTier")),
    ),
    Kind(
        type="azure.security.contact",
        terraform=("azurerm_security_center_contact",),
        arm=("Microsoft.Security/securityContacts",),
        rows=(there("email", "email", "email|emails"), there("phone", "phone", "phone")),
        more_terraform=_contact,
        more_arm=_contact,
    ),
)
