"""Whether a text or a table of variables holds a secret in the clear. The text itself is never kept, only the answer.

export AWS_SECRET_ACCESS_KEY=wJalr...    ->  true
{"DB_PASSWORD": "hunter2"}               ->  true
{"DB_PASSWORD": "{{resolve:secretsmanager:db}}"}  ->  false
"""

import base64
import binascii
import re
from collections.abc import Iterable, Mapping

from bartizan.collect.resources.values import Document, Unknown, Value

_PATTERNS = re.compile(
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\bgh[pousr]_[A-Za-z0-9]{36}\b"
    r"|(?i:aws_secret_access_key|secret_key|api_?key|passwd|password|auth_?token)[\"']?\s*[=:,]\s*[\"']?[^\s\"'${}()]{6,}"
)
_NAMES = re.compile(r"(?i)(passw(or)?d|passwd|secret|api_?key|access_?key|private_?key|auth_?token|_token$|credential)")
_NOT_A_SECRET = re.compile(r"(?i)(_arn|_name|_id|_path|_file|_url|_uri|_parameter|_param|_ttl|_length)$")
_RANDOM = re.compile(r"(?=[^0-9]*[0-9])(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9+/=_.~-]{20,}")
"""Letters and digits without a pause: a key, a hash, an identifier; nothing that anybody would miss."""
_USERINFO = re.compile(r"://[^/@\s]*:[^/@\s]*@")
_INDIRECT = ("{{resolve:", "arn:", "/", "${", "secretsmanager:", "ssm:")


def in_text(value: Value) -> bool | Unknown:
    """Whether a text such as a start-up script, plain or in base64, holds something that looks like a secret."""
    if isinstance(value, Unknown):
        return True if value.text and _PATTERNS.search(value.text) else value
    if not isinstance(value, str) or not value:
        return False
    return bool(_PATTERNS.search(value) or _PATTERNS.search(_decoded(value)))


_WRITTEN, _PUT_ASIDE = "\0written", "\0put aside"


def put_aside(reason: str, is_written: bool | None) -> Unknown:
    """What stands for a sensitive value that is not kept; `is_written`: whether it stands in the template in the
    clear, as far as that is known."""
    attribute = {True: _WRITTEN, None: _PUT_ASIDE}.get(is_written, "")
    return Unknown(reason, attribute=attribute)


def written(value: Value) -> bool | Unknown:
    """Whether a secret stands in the template itself: a text, and no reference to where it is kept."""
    if isinstance(value, Unknown):
        return value if value.attribute == _PUT_ASIDE else value.attribute == _WRITTEN
    return isinstance(value, str) and bool(value) and "{{resolve:" not in value


def any_written(values: Iterable[Value]) -> bool | Unknown:
    """Whether one of several secrets does."""
    answers = [written(each) for each in values]
    unknown = next((each for each in answers if isinstance(each, Unknown)), False)
    return True if any(each is True for each in answers) else unknown


def looks_secret(text: str) -> bool:
    """Whether a text may be a secret for all that can be seen of it. Only for what is shown: it errs on that side."""
    return bool(_PATTERNS.search(text) or _RANDOM.fullmatch(text) or _USERINFO.search(text))


def named_secret(name: str) -> bool:
    """Whether what has this name is likely to be a secret."""
    return bool(_NAMES.search(name)) and not _NOT_A_SECRET.search(name)


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""


def in_variables(value: Value) -> bool | Unknown:
    """Whether one of the named values is a secret in the clear: by its name and a value that refers to nothing, or by
    the value. What comes from elsewhere is not in the clear here."""
    if isinstance(value, Document):
        value = value.value
    if isinstance(value, Unknown):
        return value
    if not isinstance(value, Mapping):
        return False
    return any(_secret(str(name), each) for name, each in value.items())


def _secret(name: str, value: Value) -> bool:
    if not isinstance(value, str) or not value:
        return False
    if _PATTERNS.search(value):
        return True
    return named_secret(name) and not value.startswith(_INDIRECT)
