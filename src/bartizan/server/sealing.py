"""Secrets that the server must be able to use again, such as a registry's password: sealed with AES-256-GCM.

The key is derived (HKDF, RFC 5869) from the master key in `keys/`, which is in no database and no backup of one. What a
secret is for is bound to it: a sealed password that is moved to another registry's row cannot be opened there.
"""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12
"""Bytes; random, and far fewer secrets are sealed than would make two of them meet."""


class CannotOpen(Exception):
    """The secret was sealed with another master key, for something else, or was changed."""


class Seal:
    """Seals and opens."""

    def __init__(self, master_key: bytes) -> None:
        key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"bartizan sealed secrets 1").derive(master_key)
        self._cipher = AESGCM(key)

    def seal(self, secret: str, purpose: str) -> bytes:
        """`purpose` says what it is for: `registry:1:registry.example`."""
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._cipher.encrypt(nonce, secret.encode(), purpose.encode())

    def open(self, sealed: bytes, purpose: str) -> str:
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], purpose.encode()).decode()
        except (InvalidTag, ValueError):
            raise CannotOpen("the stored password cannot be opened: the server's master key is another one") from None
