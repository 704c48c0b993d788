"""The inspector that collecting hands files to: which are worth a look, and the facts about what is in them.

    {"rule": "secret-github-personal-token", "line": 3, "preview": "ghp…", "fingerprint": "0c1d2e3f4a5b"}
    {"rule": "secret-in-environment", "where": "ENV DB_PASSWORD", "preview": "hun…", "fingerprint": "..."}

Folders that a distribution or a package manager fills are passed over: their samples and test keys are nobody's secret.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from bartizan.assess.secrets.rules import SecretRules
from bartizan.assess.secrets.search import entropy, fingerprint, masked, search
from bartizan.model.wire import plain

REVISION = 1
"""Raised when the same rules may find something else."""
LARGEST = 2 << 20
"""Bytes; what holds secrets is written by people or for them."""
_PASSED_OVER = (
    "/usr/lib/", "/usr/share/", "/usr/include/", "/usr/bin/", "/usr/sbin/", "/usr/libexec/", "/lib/", "/lib64/",
    "/bin/", "/sbin/", "/boot/", "/proc/", "/sys/", "/dev/", "/var/lib/dpkg/", "/var/lib/apt/", "/var/lib/rpm/",
    "/lib/apk/", "/etc/ssl/certs/", "/etc/ca-certificates", "/usr/local/lib/python", "/usr/local/go/", "/nix/store/",
)  # fmt: skip
_DEPENDENCIES = re.compile(
    r"/(?:node_modules|site-packages|dist-packages|vendor/bundle|pkg/mod|\.cargo/registry|\.git/objects|__pycache__"
    r"|\.m2/repository|testdata)/"
)
_BINARY = re.compile(
    r"\.(?:so(?:\.[\d.]+)?|a|o|pyc|pyo|class|jar|war|ear|gz|xz|bz2|zst|zip|tar|whl|png|jpe?g|gif|ico|svg|webp|woff2?|ttf"
    r"|otf|eot|mo|gmo|pdf|mp[34]|webm|wasm|dll|exe|bin|db|sqlite3?|css|map|min\.js|lock|sum)$",
    re.IGNORECASE,
)
_NAMED = re.compile(
    r"(?i)(?:^|_)(?:passw(?:or)?d|passwd|pwd|secret|token|api_?key|access_?key|private_?key|credentials?)(?:_|$)"
)
_NOT_ITSELF = re.compile(r"(?i)_(?:file|path|name|id|url|uri|ttl|length|version|type|header|env|user)$|^(?:gpg_?key)$")
_ASSIGNED = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(\"[^\"]*\"|'[^']*'|\S*)")
_ENVIRONMENT = "secret-in-environment"


class SecretInspector:
    """See `collect.interface.Inspector`."""

    section = "secrets"

    def __init__(self, rules: SecretRules) -> None:
        self._rules = rules
        self.identity = f"{REVISION} {rules.digest}"

    def wants(self, path: str, size: int, mode: int) -> bool:
        return (
            8 <= size <= LARGEST
            and not path.startswith(_PASSED_OVER)
            and not _BINARY.search(path)
            and not _DEPENDENCIES.search(path)
        )

    def inspect(self, path: str, contents: bytes) -> Iterator[dict[str, Any]]:
        if b"\0" in contents[:4096]:
            return
        for found in search(contents, self._rules):
            yield plain(found)

    def inspect_configuration(self, config: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """The environment, labels, entry point and build steps of an image."""
        settings = config.get("config")
        settings = settings if isinstance(settings, dict) else {}
        told: set[str] = set()
        for where, name, value in _texts(settings, config.get("history")):
            for fact in self._of_text(where, name, value):
                if fact["fingerprint"] not in told:
                    told.add(fact["fingerprint"])
                    yield fact

    def _of_text(self, where: str, name: str, value: str) -> Iterator[dict[str, Any]]:
        secret = value.encode("utf-8", "surrogatepass")
        whole = f"{name}={value}".encode("utf-8", "surrogatepass") if name else secret
        found = list(search(whole, self._rules))
        for each in found:
            yield {
                "rule": each.rule, "where": where, "preview": each.preview, "fingerprint": each.fingerprint,
            }  # fmt: skip
        if not found and name and _is_secret_variable(name, value):
            yield {
                "rule": _ENVIRONMENT, "where": where, "preview": masked(secret), "fingerprint": fingerprint(secret),
            }  # fmt: skip

    def refused(self) -> Iterator[tuple[str, str]]:
        return iter(())


def _is_secret_variable(name: str, value: str) -> bool:
    """A variable named like a secret whose value is one: no file, switch, number or other variable."""
    if not _NAMED.search(name) or _NOT_ITSELF.search(name):
        return False
    return (
        len(value) >= 6
        and not value.startswith(("/", "$", "http://", "https://", "file:"))
        and entropy(value.encode("utf-8", "surrogatepass")) >= 2.0
    )


def _texts(settings: Mapping[str, Any], history: Any) -> Iterator[tuple[str, str, str]]:
    """(where, name of the variable or nothing, text)."""
    for item in _strings(settings.get("Env")):
        name, _, value = item.partition("=")
        yield f"ENV {name}", name, value
    labels = settings.get("Labels")
    for key, value in labels.items() if isinstance(labels, dict) else ():
        yield f"LABEL {key}", "", str(value)
    for key in ("Entrypoint", "Cmd"):
        for item in _strings(settings.get(key)):
            yield key, "", item
    for number, step in enumerate(history if isinstance(history, list) else (), 1):
        text = str(step.get("created_by") or "") if isinstance(step, dict) else ""
        for name, value in _ASSIGNED.findall(text):
            yield f"step {number}: {name}", name, value.strip("\"'")
        yield f"step {number}", "", text


def _strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [str(item) for item in value] if isinstance(value, list) else []
