"""App Service and Functions, with the settings that ARM keeps in `config` resources of their own."""

from collections.abc import Iterable

from bartizan.collect.resources.draft import Draft
from bartizan.collect.resources.plain_secret import in_variables
from bartizan.collect.resources.tls_version import tls_version
from bartizan.collect.resources.values import Unknown, Value
from bartizan.collect.templates.aws.kind import flag, text, there
from bartizan.collect.templates.azure.kind import Kind
from bartizan.collect.templates.configuration import Configuration
from bartizan.collect.templates.declared import Declared
from bartizan.collect.templates.family import block
from bartizan.collect.templates.rows import first, records, truth

_SITE = "Microsoft.Web/sites"


def _terraform(out: Draft, app: Declared, configuration: Configuration) -> None:
    own = app.attributes
    site = block(own, "site_config")
    out.set("function", "function" in app.type)
    new = app.type.startswith(("azurerm_linux", "azurerm_windows"))
    _site(out, site, "Disabled" if new else "AllAllowed")
    out.set("authentication", _either(own, "auth_settings.enabled", "auth_settings_v2.auth_enabled"))
    out.set("http_logs", bool(first(own, "logs.http_logs")))
    out.set("secret_in_settings", in_variables(own.get("app_settings")))


def _arm(out: Draft, app: Declared, configuration: Configuration) -> None:
    own = app.attributes
    config = {
        each.name.rpartition("/")[2].lower(): each.attributes
        for each in configuration.linked(app, f"{_SITE}/config", "parent")
    }
    kind = own.get("kind")
    out.set("function", kind if isinstance(kind, Unknown) else "functionapp" in str(kind).lower())
    _site(out, {**block(own, "siteConfig"), **config.get("web", {})}, "AllAllowed")
    settings = config.get("authsettings", {}) | config.get("authsettingsv2", {})
    out.set("authentication", _either(settings, "enabled", "platform.enabled"))
    logs = config.get("logs", {})
    out.set("http_logs", truth(first(logs, "httpLogs.fileSystem.enabled|httpLogs.azureBlobStorage.enabled"), False))
    listed = {
        each["name"]: each.get("value")
        for each in records(first(own, "siteConfig.appSettings"))
        if isinstance(each.get("name"), str)
    }
    apart = {key: value for key, value in config.get("appsettings", {}).items() if key not in ("name", "parent")}
    out.set("secret_in_settings", in_variables({**listed, **apart}))


def _either(found: dict[str, Value], one: str, other: str) -> bool | Unknown:
    values = [truth(first(found, path), False) for path in (one, other)]
    return True if True in values else next((each for each in values if isinstance(each, Unknown)), False)


def _site(out: Draft, site: dict[str, Value], ftp: str) -> None:
    """The settings that both languages keep within the site's configuration."""
    version = first(site, "min_tls_version|minimum_tls_version|minTlsVersion")
    out.set("min_tls", tls_version(version))
    state = first(site, "ftps_state|ftpsState")
    out.set("ftp", state if state is not None else ftp, lambda value: str(value).lower())
    for field, paths in (
        ("http2", "http2_enabled|http20Enabled"),
        ("remote_debugging", "remote_debugging_enabled|remoteDebuggingEnabled"),
    ):
        out.set(field, truth(first(site, paths), False))
    origins = first(site, "cors.allowed_origins|cors.allowedOrigins")
    anybody = origins if isinstance(origins, Unknown) else "*" in origins if isinstance(origins, list) else False
    out.set("cors_anybody", anybody)


KINDS: Iterable[Kind] = (
    Kind(
        type="azure.web.app",
        terraform=(
            "azurerm_app_service",
            "azurerm_linux_web_app",
            "azurerm_windows_web_app",
            "azurerm_function_app",
            "azurerm_linux_function_app",
            "azurerm_windows_function_app",
            "azurerm_app_service_slot",
            "azurerm_linux_web_app_slot",
            "azurerm_windows_web_app_slot",
        ),
        arm=(_SITE, f"{_SITE}/slots"),
        rows=(
            flag("https_only", "https_only", "httpsOnly"),
            flag("client_certificates", "client_cert_enabled|client_certificate_enabled", "clientCertEnabled"),
            there("identity", "identity.type", "identity.type"),
            flag("public_access", "public_network_access_enabled", "publicNetworkAccess"),
            text("kind", "kind", "kind"),
        ),
        terraform_parts=("azurerm_app_service_plan", "azurerm_service_plan", "azurerm_application_insights"),
        arm_parts=(f"{_SITE}/config", "Microsoft.Web/serverfarms", "Microsoft.Insights/components"),
        more_terraform=_terraform,
        more_arm=_arm,
    ),
)
