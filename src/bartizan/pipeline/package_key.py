"""How a result names one of its packages, so that two results can be compared without their facts.

deb libc6 2.36-9 amd64
npm lodash 4.17.20 /app/node_modules/lodash/package.json
"""

from collections.abc import Mapping
from typing import Any


def package_key(kind: str, facts: Mapping[str, Any]) -> str:
    """How a result names one of its packages: type, name, version, architecture, and where it has no database, path."""
    parts = (kind, *(str(facts.get(name, "")) for name in ("name", "version", "arch")))
    path = "" if kind in ("deb", "rpm", "apk") else str(facts.get("path", ""))
    return " ".join(part for part in (*parts, path) if part)
