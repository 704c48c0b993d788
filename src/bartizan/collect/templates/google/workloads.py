"""Where programs run: GKE clusters and node pools, Cloud Run, Cloud Functions, Artifact Registry."""

from collections.abc import Iterable

from bartizan.collect.resources.draft import Draft
from bartizan.collect.resources.network_rules import any_wide
from bartizan.collect.resources.plain_secret import in_variables
from bartizan.collect.resources.values import Unknown, Value
from bartizan.collect.templates.aws.kind import flag, flag_if, reference, there, word
from bartizan.collect.templates.configuration import Configuration
from bartizan.collect.templates.declared import Declared
from bartizan.collect.templates.family import block, present
from bartizan.collect.templates.google.access import access_parts, set_access
from bartizan.collect.templates.google.kind import Kind
from bartizan.collect.templates.rows import first, records, truth


def _cluster(out: Draft, cluster: Declared, configuration: Configuration) -> None:
    own = cluster.attributes
    autopilot = truth(own.get("enable_autopilot"), False)
    out.set("autopilot", autopilot)
    private = truth(first(own, "private_cluster_config.enable_private_endpoint"), False)
    out.set("private_endpoint", private)
    out.set("private_nodes", truth(first(own, "private_cluster_config.enable_private_nodes"), False))
    allowed = own.get("master_authorized_networks_config")
    cidrs = [each.get("cidr_block") for each in records(first(own, "master_authorized_networks_config.cidr_blocks"))]
    if isinstance(allowed, Unknown):
        out.set("authorized_networks", allowed)
        opened: bool | Unknown = allowed
    else:
        out.set("authorized_networks", cidrs)
        opened = any_wide(cidrs) if allowed else True
    out.set("authorized_networks_on", allowed if isinstance(allowed, Unknown) else bool(allowed))
    out.set("public", False if private is True or opened is False else opened if private is False else private)
    certificate = first(own, "master_auth.client_certificate_config.issue_client_certificate")
    out.set("client_certificate", truth(certificate, False))
    out.set("password_login", _password(first(own, "master_auth.username")))
    policy = truth(first(own, "network_policy.enabled"), False)
    dataplane = own.get("datapath_provider")
    if isinstance(dataplane, Unknown):
        policy = policy if policy is True else dataplane
    out.set("network_policy", True if dataplane == "ADVANCED_DATAPATH" or autopilot is True else policy)
    binary = first(own, "binary_authorization.evaluation_mode")
    old = truth(own.get("enable_binary_authorization"), False)
    out.set(
        "binary_authorization",
        old if binary is None else binary if isinstance(binary, Unknown) else str(binary).upper() != "DISABLED",
    )
    encryption = first(own, "database_encryption.state")
    out.set(
        "secrets_encrypted", encryption if isinstance(encryption, Unknown) else str(encryption).upper() == "ENCRYPTED"
    )
    workload = first(own, "workload_identity_config.workload_pool|workload_identity_config.identity_namespace")
    out.set("workload_identity", True if autopilot is True else _there(workload))
    for field, name in (("logging", "logging_service"), ("monitoring", "monitoring_service")):
        service = own.get(name)
        out.set(field, service if service is None or isinstance(service, Unknown) else str(service).lower() != "none")
    _nodes(out, block(own, "node_config"))


def _there(value: Value) -> bool | Unknown:
    return (
        True
        if isinstance(value, Unknown) and (value.target or value.text)
        else value
        if isinstance(value, Unknown)
        else bool(value)
    )


def _password(name: Value) -> bool | Unknown:
    return name if isinstance(name, Unknown) else bool(name)


def _nodes(out: Draft, nodes: dict[str, Value]) -> None:
    """The settings of nodes, of a cluster's first pool or of a pool of its own."""
    account = nodes.get("service_account")
    if isinstance(account, Unknown):
        out.set("nodes.default_account", False if account.target else account)
    else:
        out.set("nodes.default_account", account in (None, "", "default"))
    image = nodes.get("image_type")
    out.set("nodes.image", image, lambda value: str(value).lower())
    shielded = block(nodes, "shielded_instance_config")
    out.set("nodes.secure_boot", truth(shielded.get("enable_secure_boot"), False))
    out.set("nodes.integrity", truth(shielded.get("enable_integrity_monitoring"), True))
    mode = first(nodes, "workload_metadata_config.mode|workload_metadata_config.node_metadata")
    metadata = (
        mode if isinstance(mode, Unknown) else str(mode).upper() in ("GKE_METADATA", "GKE_METADATA_SERVER", "SECURE")
    )
    out.set("nodes.metadata_hidden", metadata)
    legacy = first(nodes, "metadata.disable-legacy-endpoints")
    out.set("nodes.legacy_endpoints_off", truth(legacy, True))
    scopes = nodes.get("oauth_scopes")
    full = scopes if isinstance(scopes, Unknown) else any(str(each).endswith("cloud-platform") for each in scopes or [])
    out.set("nodes.full_scopes", full)


def _pool(out: Draft, pool: Declared, configuration: Configuration) -> None:
    own = pool.attributes
    _nodes(out, block(own, "node_config"))
    managed = block(own, "management")
    # The provider turns both on where the block is left out.
    out.set("auto_repair", truth(managed.get("auto_repair"), not present(managed)))
    out.set("auto_upgrade", truth(managed.get("auto_upgrade"), not present(managed)))
    out.relate("in", own.get("cluster"))


def _run(out: Draft, service: Declared, configuration: Configuration) -> None:
    own = service.attributes
    set_access(out, service, configuration, service.type, "service" if "v2" not in service.type else "name", "name")
    ingress = first(own, "ingress")
    if ingress is None:
        annotations = first(own, "metadata.annotations")
        ingress = annotations.get("run.googleapis.com/ingress") if isinstance(annotations, dict) else None
    out.set(
        "ingress_all",
        True
        if ingress is None
        else ingress
        if isinstance(ingress, Unknown)
        else str(ingress).lower() in ("ingress_traffic_all", "all"),
    )
    containers = records(first(own, "template.containers")) + records(first(own, "template.spec.containers"))
    variables = {
        each["name"]: each.get("value")
        for container in containers
        for each in records(container.get("env"))
        if isinstance(each.get("name"), str)
    }
    out.set("secret_in_environment", in_variables(variables))
    account = first(own, "template.service_account|template.spec.service_account_name")
    out.set("default_account", account if isinstance(account, Unknown) and not account.target else account is None)


def _function(out: Draft, function: Declared, configuration: Configuration) -> None:
    own = function.attributes
    set_access(out, function, configuration, function.type, "cloud_function", "name")
    ingress = first(own, "ingress_settings|service_config.ingress_settings")
    out.set(
        "ingress_all",
        True if ingress is None else ingress if isinstance(ingress, Unknown) else str(ingress).upper() == "ALLOW_ALL",
    )
    out.set(
        "secret_in_environment", in_variables(first(own, "environment_variables|service_config.environment_variables"))
    )
    account = first(own, "service_account_email|service_config.service_account_email")
    out.set("default_account", account if isinstance(account, Unknown) and not account.target else account is None)
    level = own.get("https_trigger_security_level")
    if function.type == "google_cloudfunctions_function":
        trigger = truth(own.get("trigger_http"), False)
        always = level if isinstance(level, Unknown) else level != "SECURE_OPTIONAL"
        out.set("https_only", True if trigger is False else always)


def _repository(out: Draft, repository: Declared, configuration: Configuration) -> None:
    set_access(out, repository, configuration, "google_artifact_registry_repository", "repository", "repository_id")


_RUN = ("google_cloud_run_service", "google_cloud_run_v2_service")
_FUNCTIONS = ("google_cloudfunctions_function", "google_cloudfunctions2_function")

KINDS: Iterable[Kind] = (
    Kind(
        type="google.gke.cluster",
        terraform=("google_container_cluster",),
        rows=(
            flag("legacy_abac", "enable_legacy_abac", ""),
            flag("shielded_nodes", "enable_shielded_nodes", ""),
            flag("intranode_visibility", "enable_intranode_visibility", ""),
            flag("alpha", "enable_kubernetes_alpha", ""),
            flag_if("release_channel", "release_channel.channel", "", "rapid", "regular", "stable", "extended"),
            there("vpc_native", "ip_allocation_policy", ""),
        ),
        more=_cluster,
    ),
    Kind(type="google.gke.node_pool", terraform=("google_container_node_pool",), more=_pool),
    Kind(
        type="google.run.service",
        terraform=_RUN,
        parts=tuple(part for each in _RUN for part in access_parts(each)),
        more=_run,
    ),
    Kind(
        type="google.functions.function",
        terraform=_FUNCTIONS,
        parts=tuple(part for each in _FUNCTIONS for part in access_parts(each)),
        more=_function,
    ),
    Kind(
        type="google.artifacts.repository",
        terraform=("google_artifact_registry_repository",),
        name="repository_id",
        rows=(
            word("format", "format", ""),
            reference("key", "kms_key_name", "", "encrypted-with"),
            flag("immutable_tags", "docker_config.immutable_tags", ""),
        ),
        parts=access_parts("google_artifact_registry_repository"),
        more=_repository,
    ),
)
