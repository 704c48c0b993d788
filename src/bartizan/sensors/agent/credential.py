"""The agent's credential: `credential.json` in the state folder, mode 0600, and how it is got.

    {"asset": "4c4c4544...", "key": "<64 hex>", "sensor_id": "s_...", "server": "https://bartizan.example"}

It belongs to one asset. A cloned machine has the file of the machine it was cloned from, but another identity: it
enrols again where it has an activation key, and says what is missing where it has none.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from bartizan import __version__
from bartizan.model.asset import AssetRef
from bartizan.model.wire import canonical
from bartizan.sensors.uplink.client import Client
from bartizan.sensors.uplink.protocol import Credential, Enrolment, Malformed, read_credential


class NoCredential(Exception):
    """There is none and none can be had; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A credential and the asset that it is for."""

    credential: Credential
    asset: str


def load(folder: Path) -> Stored | None:
    """The stored credential; None where there is none or it cannot be read as one."""
    try:
        body = (folder / "credential.json").read_bytes()
    except FileNotFoundError:
        return None
    try:
        record = json.loads(body)
        return Stored(credential=read_credential(body), asset=str(record["asset"]))
    except (ValueError, KeyError, TypeError, Malformed):
        return None


def enrol(client: Client, folder: Path, key_file: str, asset: AssetRef, *, reason: str) -> Stored:
    """Enrol and keep the credential. Raises `NoCredential`, or `Unavailable` and `Rejected` of the uplink."""
    if not key_file:
        raise NoCredential(f"{reason}; give an activation key with --activation-key-file")
    try:
        key = Path(key_file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        detail = error.strerror if isinstance(error, OSError) else "is not text"
        raise NoCredential(f"{reason}; the activation key cannot be read: {key_file}: {detail}") from error
    message = Enrolment(activation_key=key, asset=asset, sensor="agent", version=__version__)
    credential = client.enrol(message)
    _save(folder / "credential.json", {"asset": asset.key, "key": credential.key, "sensor_id": credential.sensor_id})
    return Stored(credential=credential, asset=asset.key)


def forget(folder: Path) -> None:
    (folder / "credential.json").unlink(missing_ok=True)


def _save(path: Path, record: dict[str, str]) -> None:
    fresh = path.with_suffix(".new")
    descriptor = os.open(fresh, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(canonical(record))
        file.flush()
        os.fsync(descriptor)
    fresh.replace(path)
