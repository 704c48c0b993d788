"""What faces the internet: load balancers, API Gateway, CloudFront, web application firewalls, DNS."""

from collections.abc import Iterable

from bartizan.collect.resources.draft import Draft
from bartizan.collect.resources.values import Unknown, Value
from bartizan.collect.templates.aws.kind import (
    Kind,
    as_texts,
    dig,
    flag,
    is_there,
    referred,
    set_policy,
    text,
    texts,
    there,
    word,
)
from bartizan.collect.templates.configuration import Configuration
from bartizan.collect.templates.declared import Declared
from bartizan.collect.templates.family import block, blocks, enabled, present

_OLD_POLICY = "ELBSecurityPolicy-2016-08"
"""What a secure listener gets where nothing is said (Elastic Load Balancing API reference, CreateListener)."""


def _terraform_balancer(out: Draft, declared: Declared, configuration: Configuration) -> None:
    found = [
        *configuration.linked(declared, "aws_lb_listener", "load_balancer_arn"),
        *configuration.linked(declared, "aws_alb_listener", "load_balancer_arn"),
    ]
    out.set(
        "listeners",
        [
            _listener(
                each.attributes.get("protocol"),
                each.attributes.get("port"),
                each.attributes.get("ssl_policy"),
                [
                    (dig(one, "type"), dig(one, "redirect.protocol"))
                    for one in blocks(each.attributes, "default_action")
                ],
            )
            for each in found
        ]
        + _stray_listener(configuration, "aws_lb_listener", "load_balancer_arn"),
    )
    logs = block(declared.attributes, "access_logs")
    out.set("logging", enabled(logs.get("enabled")) if logs else False)
    out.set("firewall", _firewall(declared, configuration, "aws_wafv2_web_acl_association", "resource_arn"))


_ATTRIBUTES = {
    "deletion_protection": "deletion_protection.enabled",
    "drops_invalid_headers": "routing.http.drop_invalid_header_fields.enabled",
    "logging": "access_logs.s3.enabled",
}


def _cloudformation_balancer(out: Draft, declared: Declared, configuration: Configuration) -> None:
    attributes = {
        str(each.get("Key")): each.get("Value")
        for each in blocks(declared.attributes, "LoadBalancerAttributes")
        if isinstance(each, dict)
    }
    for field, name in _ATTRIBUTES.items():
        out.set(field, enabled(attributes.get(name)))
    out.set("desync", attributes.get("routing.http.desync_mitigation_mode"))
    found = configuration.linked(declared, "AWS::ElasticLoadBalancingV2::Listener", "LoadBalancerArn")
    out.set(
        "listeners",
        [
            _listener(
                each.attributes.get("Protocol"),
                each.attributes.get("Port"),
                each.attributes.get("SslPolicy"),
                [
                    (dig(one, "Type"), dig(one, "RedirectConfig.Protocol"))
                    for one in blocks(each.attributes, "DefaultActions")
                ],
            )
            for each in found
        ]
        + _stray_listener(configuration, "AWS::ElasticLoadBalancingV2::Listener", "LoadBalancerArn"),
    )
    out.set("firewall", _firewall(declared, configuration, "AWS::WAFv2::WebACLAssociation", "ResourceArn"))


def _firewall(declared: Declared, configuration: Configuration, type_: str, attribute: str) -> Value:
    return configuration.has(declared, type_, attribute)


def _stray_listener(configuration: Configuration, type_: str, attribute: str) -> list[dict[str, Value]]:
    """A listener that leads nobody knows where may be this load balancer's."""
    stray = configuration.unresolved(type_, attribute)
    return [dict.fromkeys(("protocol", "port", "tls_policy", "redirects"), stray)] if stray is not None else []


def _listener(protocol: Value, port: Value, policy: Value, actions: list[tuple[Value, Value]]) -> dict[str, Value]:
    secure = protocol in ("HTTPS", "TLS")
    redirects = any(kind == "redirect" and to == "HTTPS" for kind, to in actions)
    return {
        "protocol": protocol or "HTTP",
        "port": port if isinstance(port, Unknown) else int(float(port or 0)),
        "tls_policy": (policy or _OLD_POLICY) if secure else "",
        "redirects": redirects,
    }


def _terraform_classic(out: Draft, declared: Declared, configuration: Configuration) -> None:
    own = declared.attributes
    found = [each for each in blocks(own, "listener") if isinstance(each, dict)]
    out.set("listeners", [{"protocol": _upper(each.get("lb_protocol"))} for each in found])
    logs = block(own, "access_logs")
    said = logs.get("enabled") if logs else False
    out.set("logging", True if said is None else enabled(said))


def _cloudformation_classic(out: Draft, declared: Declared, configuration: Configuration) -> None:
    own = declared.attributes
    found = [each for each in blocks(own, "Listeners") if isinstance(each, dict)]
    out.set("listeners", [{"protocol": _upper(each.get("Protocol"))} for each in found])
    out.set("logging", enabled(dig(own, "AccessLoggingPolicy.Enabled")) or False)
    out.set("internal", dig(own, "Scheme"), lambda value: value == "internal")


def _upper(value: Value) -> Value:
    return value if isinstance(value, Unknown) else str(value or "").upper()


def _terraform_stage(out: Draft, declared: Declared, configuration: Configuration) -> None:
    own = declared.attributes
    out.set("kind", "websocket-or-http" if declared.type == "aws_apigatewayv2_stage" else "rest")
    out.set("firewall", _firewall(declared, configuration, "aws_wafv2_web_acl_association", "resource_arn"))
    settings = configuration.linked(declared, "aws_api_gateway_method_settings", "stage_name", "stage_name")
    cached = [dig(each.attributes, "settings.cache_data_encrypted") for each in settings]
    out.set("cache_encrypted", _all(cached))
    out.set("cached", enabled(own.get("cache_cluster_enabled")))


def _cloudformation_stage(out: Draft, declared: Declared, configuration: Configuration) -> None:
    own = declared.attributes
    out.set("kind", "websocket-or-http" if declared.type == "AWS::ApiGatewayV2::Stage" else "rest")
    out.set("firewall", _firewall(declared, configuration, "AWS::WAFv2::WebACLAssociation", "ResourceArn"))
    out.set("cache_encrypted", _all([dig(each, "CacheDataEncrypted") for each in blocks(own, "MethodSettings")]))
    out.set("cached", enabled(own.get("CacheClusterEnabled")))


def _all(values: list[Value]) -> Value:
    doubt = next((each for each in values if isinstance(each, Unknown)), None)
    if any(not isinstance(each, Unknown) and enabled(each) is not True for each in values):
        return False
    return doubt or bool(values)


def _terraform_api(out: Draft, declared: Declared, configuration: Configuration) -> None:
    apart = configuration.linked(declared, "aws_api_gateway_rest_api_policy", "rest_api_id")
    document = apart[0].attributes.get("policy") if apart else declared.attributes.get("policy")
    set_policy(out, document)
    kinds = as_texts(dig(declared.attributes, "endpoint_configuration.types"))
    out.set("private", kinds if isinstance(kinds, Unknown) else "PRIVATE" in (kinds or []))
    if declared.type == "aws_apigatewayv2_api":
        _origins(out, dig(declared.attributes, "cors_configuration.allow_origins"))


def _cloudformation_api(out: Draft, declared: Declared, configuration: Configuration) -> None:
    set_policy(out, declared.attributes.get("Policy"))
    kinds = as_texts(dig(declared.attributes, "EndpointConfiguration.Types"))
    out.set("private", kinds if isinstance(kinds, Unknown) else "PRIVATE" in (kinds or []))
    _origins(out, dig(declared.attributes, "CorsConfiguration.AllowOrigins"))


def _origins(out: Draft, origins: Value) -> None:
    out.set("any_origin", origins if isinstance(origins, Unknown) else "*" in (origins or []))


def _terraform_distribution(out: Draft, declared: Declared, configuration: Configuration) -> None:
    own = declared.attributes
    behaviours = [block(own, "default_cache_behavior"), *blocks(own, "ordered_cache_behavior")]
    out.set("viewer_protocols", [dig(each, "viewer_protocol_policy") for each in behaviours])
    viewer = block(own, "viewer_certificate")
    _viewer(out, viewer.get("cloudfront_default_certificate"), viewer.get("minimum_protocol_version"))
    out.set("firewall", is_there(own.get("web_acl_id")) if own.get("web_acl_id") is not None else False)
    out.set(
        "origins",
        [
            _origin(
                each.get("domain_name"),
                dig(each, "custom_origin_config.origin_protocol_policy"),
                dig(each, "custom_origin_config.origin_ssl_protocols"),
                each.get("origin_access_control_id") or dig(each, "s3_origin_config.origin_access_identity"),
            )
            for each in blocks(own, "origin")
            if isinstance(each, dict)
        ],
    )


def _cloudformation_distribution(out: Draft, declared: Declared, configuration: Configuration) -> None:
    own = block(declared.attributes, "DistributionConfig")
    behaviours = [block(own, "DefaultCacheBehavior"), *blocks(own, "CacheBehaviors")]
    out.set("viewer_protocols", [dig(each, "ViewerProtocolPolicy") for each in behaviours])
    viewer = block(own, "ViewerCertificate")
    said = viewer.get("CloudFrontDefaultCertificate", not viewer)
    _viewer(out, said, viewer.get("MinimumProtocolVersion"))
    out.set("firewall", is_there(own.get("WebACLId")) if own.get("WebACLId") is not None else False)
    out.set(
        "origins",
        [
            _origin(
                each.get("DomainName"),
                dig(each, "CustomOriginConfig.OriginProtocolPolicy"),
                dig(each, "CustomOriginConfig.OriginSSLProtocols"),
                each.get("OriginAccessControlId") or dig(each, "S3OriginConfig.OriginAccessIdentity"),
            )
            for each in blocks(own, "Origins")
            if isinstance(each, dict)
        ],
    )


def _viewer(out: Draft, default: Value, version: Value) -> None:
    """CloudFront's own certificate speaks every version, whatever else is said."""
    own = enabled(default)
    out.set("default_certificate", own)
    out.set("tls", "TLSv1" if own is True else version)


def _origin(domain: Value, protocol: Value, versions: Value, control: Value) -> dict[str, Value]:
    bucket = isinstance(domain, Unknown) and ("s3_bucket" in domain.target or domain.attribute.endswith("DomainName"))
    bucket = bucket or (isinstance(domain, str) and ".s3." in domain)
    return {
        "domain": referred(domain) or "",
        "bucket": bucket and protocol is None,
        "protocol": protocol or "",
        "tls": as_texts(versions) or [],
        "signed": is_there(control) if control is not None else False,
    }


def _terraform_acl(out: Draft, declared: Declared, configuration: Configuration) -> None:
    found = configuration.has(declared, "aws_wafv2_web_acl_logging_configuration", "resource_arn")
    out.set("logging", found)
    out.set("rules", len(blocks(declared.attributes, "rule")))


def _cloudformation_acl(out: Draft, declared: Declared, configuration: Configuration) -> None:
    out.set("logging", configuration.has(declared, "AWS::WAFv2::LoggingConfiguration", "ResourceArn"))
    out.set("rules", len(blocks(declared.attributes, "Rules")))


def _terraform_zone(out: Draft, declared: Declared, configuration: Configuration) -> None:
    out.set("private", present(block(declared.attributes, "vpc")))
    out.set("logging", configuration.has(declared, "aws_route53_query_log", "zone_id"))
    out.set("dnssec", configuration.has(declared, "aws_route53_hosted_zone_dnssec", "hosted_zone_id"))


def _cloudformation_zone(out: Draft, declared: Declared, configuration: Configuration) -> None:
    out.set("private", is_there(declared.attributes.get("VPCs")))
    out.set("logging", is_there(declared.attributes.get("QueryLoggingConfig")))
    out.set("dnssec", configuration.has(declared, "AWS::Route53::DNSSEC", "HostedZoneId"))


def _internal(scheme: Value) -> Value:
    return scheme if isinstance(scheme, Unknown) else scheme == "internal"


def _cloudformation_v2(out: Draft, declared: Declared, configuration: Configuration) -> None:
    scheme = declared.attributes.get("Scheme")
    out.set("internal", _internal(scheme) if scheme is not None else None)
    _cloudformation_balancer(out, declared, configuration)


KINDS: Iterable[Kind] = (
    Kind(
        type="aws.elbv2.load_balancer",
        terraform=("aws_lb", "aws_alb"),
        cloudformation=("AWS::ElasticLoadBalancingV2::LoadBalancer",),
        rows=(
            word("kind", "load_balancer_type", "Type"),
            flag("internal", "internal", ""),
            flag("deletion_protection", "enable_deletion_protection", ""),
            flag("drops_invalid_headers", "drop_invalid_header_fields", ""),
            word("desync", "desync_mitigation_mode", ""),
            texts("security_groups", "security_groups", "SecurityGroups"),
        ),
        terraform_parts=(
            *("aws_lb_listener", "aws_alb_listener", "aws_lb_target_group", "aws_alb_target_group"),
            *("aws_lb_listener_rule", "aws_alb_listener_rule", "aws_lb_target_group_attachment"),
            *("aws_lb_listener_certificate", "aws_alb_target_group_attachment"),
        ),
        cloudformation_parts=(
            *("AWS::ElasticLoadBalancingV2::Listener", "AWS::ElasticLoadBalancingV2::TargetGroup"),
            *("AWS::ElasticLoadBalancingV2::ListenerRule", "AWS::ElasticLoadBalancingV2::ListenerCertificate"),
        ),
        more_terraform=_terraform_balancer,
        more_cloudformation=_cloudformation_v2,
    ),
    Kind(
        type="aws.elb.load_balancer",
        terraform=("aws_elb",),
        cloudformation=("AWS::ElasticLoadBalancing::LoadBalancer",),
        name=("name", "LoadBalancerName"),
        rows=(
            flag("internal", "internal", ""),
            flag("cross_zone", "cross_zone_load_balancing", "CrossZone"),
            flag("draining", "connection_draining", "ConnectionDrainingPolicy.Enabled"),
        ),
        terraform_parts=("aws_elb_attachment", "aws_load_balancer_policy"),
        more_terraform=_terraform_classic,
        more_cloudformation=_cloudformation_classic,
    ),
    Kind(
        type="aws.apigateway.stage",
        terraform=("aws_api_gateway_stage", "aws_apigatewayv2_stage"),
        cloudformation=("AWS::ApiGateway::Stage", "AWS::ApiGatewayV2::Stage"),
        name=("stage_name", "StageName"),
        rows=(
            there("logging", "access_log_settings", "AccessLogSetting"),
            there("logging", "", "AccessLogSettings"),
            flag("tracing", "xray_tracing_enabled", "TracingEnabled"),
        ),
        terraform_parts=("aws_api_gateway_method_settings", "aws_api_gateway_deployment", "aws_api_gateway_account"),
        cloudformation_parts=(
            "AWS::ApiGateway::Deployment",
            "AWS::ApiGatewayV2::Deployment",
            "AWS::ApiGateway::Account",
        ),
        more_terraform=_terraform_stage,
        more_cloudformation=_cloudformation_stage,
    ),
    Kind(
        type="aws.apigateway.api",
        terraform=("aws_api_gateway_rest_api", "aws_apigatewayv2_api"),
        cloudformation=("AWS::ApiGateway::RestApi", "AWS::ApiGatewayV2::Api"),
        rows=(flag("default_endpoint_off", "disable_execute_api_endpoint", "DisableExecuteApiEndpoint"),),
        terraform_parts=(
            *("aws_api_gateway_resource", "aws_api_gateway_integration", "aws_api_gateway_rest_api_policy"),
            *(
                "aws_apigatewayv2_integration",
                "aws_api_gateway_method_response",
                "aws_api_gateway_integration_response",
            ),
            *("aws_api_gateway_authorizer", "aws_apigatewayv2_authorizer", "aws_api_gateway_gateway_response"),
            *("aws_api_gateway_usage_plan", "aws_api_gateway_usage_plan_key", "aws_api_gateway_api_key"),
            *("aws_api_gateway_base_path_mapping", "aws_apigatewayv2_api_mapping", "aws_api_gateway_model"),
        ),
        cloudformation_parts=(
            *("AWS::ApiGateway::Resource", "AWS::ApiGatewayV2::Integration", "AWS::ApiGateway::Authorizer"),
            *("AWS::ApiGatewayV2::Authorizer", "AWS::ApiGateway::GatewayResponse", "AWS::ApiGateway::UsagePlan"),
            *("AWS::ApiGateway::UsagePlanKey", "AWS::ApiGateway::ApiKey", "AWS::ApiGateway::BasePathMapping"),
            *("AWS::ApiGatewayV2::ApiMapping", "AWS::ApiGateway::Model"),
        ),
        more_terraform=_terraform_api,
        more_cloudformation=_cloudformation_api,
    ),
    Kind(
        type="aws.apigateway.method",
        terraform=("aws_api_gateway_method", "aws_apigatewayv2_route"),
        cloudformation=("AWS::ApiGateway::Method", "AWS::ApiGatewayV2::Route"),
        rows=(
            text("verb", "http_method", "HttpMethod"),
            text("route", "route_key", "RouteKey"),
            text("authorization", "authorization", "AuthorizationType"),
            text("authorization", "authorization_type", ""),
            flag("key_required", "api_key_required", "ApiKeyRequired"),
        ),
    ),
    Kind(
        type="aws.apigateway.domain",
        terraform=("aws_api_gateway_domain_name", "aws_apigatewayv2_domain_name"),
        cloudformation=("AWS::ApiGateway::DomainName", "AWS::ApiGatewayV2::DomainName"),
        name=("domain_name", "DomainName"),
        rows=(
            text("tls", "security_policy", "SecurityPolicy"),
            text("tls", "domain_name_configuration.security_policy", "DomainNameConfigurations.SecurityPolicy"),
        ),
    ),
    Kind(
        type="aws.cloudfront.distribution",
        terraform=("aws_cloudfront_distribution",),
        cloudformation=("AWS::CloudFront::Distribution",),
        name=("comment", "Comment"),
        rows=(
            there("logging", "logging_config", "DistributionConfig.Logging"),
            text("root_object", "default_root_object", "DistributionConfig.DefaultRootObject"),
        ),
        terraform_parts=(
            *("aws_cloudfront_origin_access_identity", "aws_cloudfront_origin_access_control"),
            *("aws_cloudfront_cache_policy", "aws_cloudfront_function", "aws_cloudfront_response_headers_policy"),
        ),
        cloudformation_parts=(
            *("AWS::CloudFront::CloudFrontOriginAccessIdentity", "AWS::CloudFront::OriginAccessControl"),
            *("AWS::CloudFront::CachePolicy", "AWS::CloudFront::Function", "AWS::CloudFront::ResponseHeadersPolicy"),
        ),
        more_terraform=_terraform_distribution,
        more_cloudformation=_cloudformation_distribution,
    ),
    Kind(
        type="aws.wafv2.web_acl",
        terraform=("aws_wafv2_web_acl",),
        cloudformation=("AWS::WAFv2::WebACL",),
        terraform_parts=(
            *("aws_wafv2_web_acl_association", "aws_wafv2_web_acl_logging_configuration", "aws_wafv2_ip_set"),
            *("aws_wafv2_rule_group", "aws_wafv2_regex_pattern_set"),
        ),
        cloudformation_parts=(
            *("AWS::WAFv2::WebACLAssociation", "AWS::WAFv2::LoggingConfiguration", "AWS::WAFv2::IPSet"),
            *("AWS::WAFv2::RuleGroup", "AWS::WAFv2::RegexPatternSet"),
        ),
        more_terraform=_terraform_acl,
        more_cloudformation=_cloudformation_acl,
    ),
    Kind(
        type="aws.route53.zone",
        terraform=("aws_route53_zone",),
        cloudformation=("AWS::Route53::HostedZone",),
        terraform_parts=(
            *("aws_route53_record", "aws_route53_query_log", "aws_route53_hosted_zone_dnssec"),
            *("aws_route53_key_signing_key", "aws_route53_health_check", "aws_route53_zone_association"),
        ),
        cloudformation_parts=(
            *("AWS::Route53::RecordSet", "AWS::Route53::RecordSetGroup", "AWS::Route53::DNSSEC"),
            *("AWS::Route53::KeySigningKey", "AWS::Route53::HealthCheck"),
        ),
        more_terraform=_terraform_zone,
        more_cloudformation=_cloudformation_zone,
    ),
)
