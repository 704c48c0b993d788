"""Versions of TLS in one form, however a provider writes them: `1.2`, `TLS1_2`, `TLSv1.2`, `Tls12`, `TLS_1_2`."""

import re

from bartizan.collect.resources.values import Unknown, Value

_VERSION = re.compile(r"(?i)^(?:tls)?[ _v]*1[._]?([0-3])$")


def tls_version(value: Value) -> Value:
    """`TLS1_2`; `none` where no least version is enforced."""
    if value is None or isinstance(value, Unknown):
        return value
    match = _VERSION.match(str(value).strip())
    if match:
        return f"TLS1_{match.group(1)}"
    return "none" if str(value).lower() in ("none", "disabled", "tlsenforcementdisabled", "", "1") else str(value)
