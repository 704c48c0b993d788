"""Random tokens: `brt_` (API), `bak_` (activation key), a session's has no prefix. 256 bits, base64url.

The prefix lets secret scanners, ours included, recognise a token that leaked.
"""

import hashlib
import secrets


def new_secret(prefix: str = "") -> str:
    """A fresh token."""
    return prefix + secrets.token_urlsafe(32)


def secret_digest(token: str) -> str:
    """What is stored of it. A slow hash is for what people choose; this cannot be guessed."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
