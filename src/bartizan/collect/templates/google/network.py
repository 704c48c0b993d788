"""Networks of Google Cloud: firewall rules, networks, subnetworks, DNS zones, TLS policies of load balancers."""

from collections.abc import Iterable

from bartizan.collect.resources.azure_network import span
from bartizan.collect.resources.draft import Draft
from bartizan.collect.resources.network_rules import any_wide, protocol
from bartizan.collect.resources.tls_version import tls_version
from bartizan.collect.resources.values import Unknown, Value
from bartizan.collect.templates.aws.kind import flag, flag_if, reference, text, texts, there, word
from bartizan.collect.templates.configuration import Configuration
from bartizan.collect.templates.declared import Declared
from bartizan.collect.templates.family import block
from bartizan.collect.templates.google.kind import Kind
from bartizan.collect.templates.rows import first, named, records, truth


def firewall_opens(rule: Declared) -> bool | Unknown:
    """Whether a rule lets something in from the internet."""
    own = rule.attributes
    direction = own.get("direction", "INGRESS")
    if isinstance(direction, Unknown):
        return direction
    if str(direction).upper() != "INGRESS" or truth(own.get("disabled"), False) is True or not own.get("allow"):
        return False
    sources = own.get("source_ranges")
    if sources in (None, []) and not (own.get("source_tags") or own.get("source_service_accounts")):
        return True
    return any_wide(sources)


def _firewall(out: Draft, rule: Declared, configuration: Configuration) -> None:
    own = rule.attributes
    public = firewall_opens(rule)
    out.set("public", public)
    opened: list[Value] = []
    for each in records(own.get("allow")):
        kind = protocol(each.get("protocol"))
        ranges = each.get("ports")
        if isinstance(ranges, Unknown):
            ranges = [ranges]
        for ports in ranges or ["*"]:
            low, high = span(ports)
            opened.append({"protocol": kind, "from_port": low, "to_port": high, "public": public})
    out.set("allows", opened)
    direction = own.get("direction", "INGRESS")
    out.set("direction", direction, lambda value: str(value).lower())
    log = own.get("log_config")
    out.set("logging", truth(own.get("enable_logging"), bool(log)) if not isinstance(log, Unknown) else log)
    network = own.get("network")
    names = (network.target or network.text) if isinstance(network, Unknown) else str(network or "default")
    out.set("default_network", names.rpartition("/")[2] == "default")


def _network(out: Draft, network: Declared, configuration: Configuration) -> None:
    rules = [
        each
        for each in configuration.of_type("google_dns_policy")
        if any(
            named(configuration, inner.get("network_url"), "google_compute_network") is network
            for inner in records(each.attributes.get("networks"))
        )
    ]
    logged = [truth(each.attributes.get("enable_logging"), False) for each in rules]
    out.set(
        "dns_logging", True if True in logged else next((each for each in logged if isinstance(each, Unknown)), False)
    )


_MANAGED = ("INTERNAL_HTTPS_LOAD_BALANCER", "REGIONAL_MANAGED_PROXY", "GLOBAL_MANAGED_PROXY", "PRIVATE_SERVICE_CONNECT")


def _subnetwork(out: Draft, subnet: Declared, configuration: Configuration) -> None:
    log = subnet.attributes.get("log_config")
    logged = truth(subnet.attributes.get("enable_flow_logs"), bool(log)) if not isinstance(log, Unknown) else log
    out.set("flow_logs", logged)
    out.set("flow_logs_sampling", first(subnet.attributes, "log_config.flow_sampling"), float)
    purpose = subnet.attributes.get("purpose")
    out.set("proxy", purpose if isinstance(purpose, Unknown) else purpose in _MANAGED)


def _zone(out: Draft, zone: Declared, configuration: Configuration) -> None:
    own = zone.attributes
    state = first(own, "dnssec_config.state")
    out.set("dnssec", state if isinstance(state, Unknown) else str(state or "off").lower() == "on")
    keys = records(first(own, "dnssec_config.default_key_specs"))
    out.set("key_algorithms", [each.get("algorithm") for each in keys if each.get("algorithm") is not None])


def _ssl_policy(out: Draft, policy: Declared, configuration: Configuration) -> None:
    own = policy.attributes
    profile = own.get("profile", "COMPATIBLE")
    least = own.get("min_tls_version", "TLS_1_0")
    out.set("profile", profile, lambda value: str(value).lower())
    out.set("min_tls", tls_version(least))
    features = own.get("custom_features")
    weak = ("TLS_RSA_WITH_AES_128_GCM_SHA256", "TLS_RSA_WITH_AES_256_GCM_SHA384", "TLS_RSA_WITH_AES_128_CBC_SHA",
            "TLS_RSA_WITH_AES_256_CBC_SHA", "TLS_RSA_WITH_3DES_EDE_CBC_SHA")  # fmt: skip
    out.set("weak_ciphers", [each for each in features if each in weak] if isinstance(features, list) else features)


def _proxy(out: Draft, proxy: Declared, configuration: Configuration) -> None:
    policy = proxy.attributes.get("ssl_policy")
    out.set("tls_policy", policy is not None)


def _backend(out: Draft, backend: Declared, configuration: Configuration) -> None:
    log = block(backend.attributes, "log_config")
    out.set("logging", truth(log.get("enable"), False))
    scheme = backend.attributes.get("load_balancing_scheme", "EXTERNAL")
    out.set("external", scheme if isinstance(scheme, Unknown) else str(scheme).upper().startswith("EXTERNAL"))


KINDS: Iterable[Kind] = (
    Kind(
        type="google.compute.firewall",
        terraform=("google_compute_firewall",),
        rows=(
            texts("cidrs", "source_ranges", ""),
            texts("target_tags", "target_tags", ""),
            flag("disabled", "disabled", ""),
            reference("network", "network", "", "in"),
        ),
        parts=("google_compute_route", "google_compute_router", "google_compute_router_nat", "google_compute_address"),
        more=_firewall,
    ),
    Kind(
        type="google.compute.network",
        terraform=("google_compute_network",),
        rows=(flag("automatic_subnets", "auto_create_subnetworks", ""),),
        parts=(
            "google_dns_policy",
            "google_compute_network_peering",
            "google_compute_global_address",
            "google_service_networking_connection",
        ),
        more=_network,
    ),
    Kind(
        type="google.compute.subnetwork",
        terraform=("google_compute_subnetwork",),
        rows=(
            text("cidr", "ip_cidr_range", ""),
            flag("private_access", "private_ip_google_access", ""),
            reference("network", "network", "", "in"),
        ),
        more=_subnetwork,
    ),
    Kind(
        type="google.dns.zone",
        terraform=("google_dns_managed_zone",),
        rows=(flag_if("private", "visibility", "", "private"),),
        parts=("google_dns_record_set",),
        more=_zone,
    ),
    Kind(type="google.compute.tls_policy", terraform=("google_compute_ssl_policy",), more=_ssl_policy),
    Kind(
        type="google.compute.https_proxy",
        terraform=(
            "google_compute_target_https_proxy",
            "google_compute_target_ssl_proxy",
            "google_compute_region_target_https_proxy",
        ),
        more=_proxy,
    ),
    Kind(
        type="google.compute.backend",
        terraform=("google_compute_backend_service", "google_compute_region_backend_service"),
        rows=(there("armor", "security_policy", ""), there("iap", "iap", ""), word("protocol", "protocol", "")),
        more=_backend,
    ),
)
