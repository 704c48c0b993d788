"""Registries by the OCI Distribution specification (v1.1): manifests, blobs with ranges, tags, the catalogue.

    GET /v2/<name>/manifests/<tag or digest>     Accept: manifests and indexes
    GET /v2/<name>/blobs/<digest>                Range: bytes=<from>-   to go on after a broken connection
    401 WWW-Authenticate: Bearer realm="https://auth.../token",service="...",scope="repository:app:pull"

Credentials go to the registry and to the token service that it names over the same scheme, never along a redirect to
another host. Tokens and passwords are kept in memory only.
"""

import base64
import http.client
import json
import re
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, quote, urlencode, urljoin, urlsplit

from bartizan.collect.containers.image import JSON_LIMIT, Image, ImageError, Platform, document, sha256
from bartizan.collect.containers.oci import StoredImage, follow, split_digest
from bartizan.collect.containers.reference import Reference
from bartizan.collect.filesystem.byte_source import ReadStream
from bartizan.collect.filesystem.layer import LayerBlob

_ACCEPT = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
_REDIRECTS = (301, 302, 303, 307, 308)
_HOPS = 5
_RETRIES = 5
_PATIENCE = 4
"""Requests made in all where a registry answers that there are too many (429) or that it cannot now (503)."""
_LONGEST_PAUSE = 60
"""Seconds; whoever asks for longer is told to the user at once."""
_PAGE = 1000
_PARAMETER = re.compile(r'([a-zA-Z_]+)="([^"]*)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """How to sign in; the password is never shown."""

    username: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """How to reach a registry."""

    host: str
    credentials: Credentials | None = None
    ca_file: str = ""
    """Certificates to trust instead of the system's."""
    plain_http: bool = False
    """Allowed only on loopback unless asked for."""
    timeout: float = 30.0
    """Seconds for connecting and between two pieces of data."""


@dataclass(slots=True)
class Response:
    """An answer whose body has not been read."""

    status: int
    headers: Mapping[str, str]
    body: http.client.HTTPResponse
    connection: http.client.HTTPConnection

    def close(self) -> None:
        self.connection.close()


class Registry:
    """A client for one registry host."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._authorization: dict[str, str] = {}
        self._tls: ssl.SSLContext | None = None

    # What callers want

    def open_image(self, reference: Reference, platform: Platform) -> StoredImage:
        """The image that a reference names, its layers to be fetched as they are read."""
        repository = reference.repository
        data = self._small(f"/v2/{repository}/manifests/{reference.version}", repository, _ACCEPT)
        digest = reference.digest or sha256(data)
        documents = {digest: data}

        def fetch(wanted: str) -> bytes:
            if wanted not in documents:
                split_digest(wanted)
                kind = "manifests" if all(map(_is_index, documents.values())) else "blobs"
                documents[wanted] = self._small(f"/v2/{repository}/{kind}/{wanted}", repository, _ACCEPT)
            return documents[wanted]

        def layer(wanted: str, diff_id: str) -> LayerBlob:
            split_digest(wanted)
            return RegistryBlob(self, repository, wanted, diff_id)

        stored = follow({"digest": digest}, fetch, layer, platform, name=str(reference), where=str(reference))
        return StoredImage(_with_tag(stored.image, reference))

    def tags(self, repository: str) -> Iterator[str]:
        """Every tag, page by page."""
        yield from self._pages(f"/v2/{repository}/tags/list", "tags", repository)

    def repositories(self) -> Iterator[str]:
        """Every repository that the catalogue shows; some registries forbid asking."""
        yield from self._pages("/v2/_catalog", "repositories", "")

    def digest_of(self, repository: str, version: str) -> str:
        """The digest of a tag's manifest or index, without fetching more than that."""
        return sha256(self._small(f"/v2/{repository}/manifests/{version}", repository, _ACCEPT))

    def open_blob(self, repository: str, digest: str, start: int = 0) -> Response:
        """The bytes of a blob from `start` on."""
        headers = {"Range": f"bytes={start}-"} if start else {}
        response = self._get(f"/v2/{repository}/blobs/{digest}", repository, headers)
        if start and response.status != 206:
            response.close()
            raise ImageError(f"{self._connection.host}: cannot go on within {digest[:19]}: no ranges are served")
        return response

    # HTTP

    def _pages(self, path: str, key: str, repository: str) -> Iterator[str]:
        target = f"{path}?n={_PAGE}"
        seen = set()
        while target and target not in seen:
            seen.add(target)
            response = self._get(target, repository, {"Accept": "application/json"})
            page = document(_read_small(response, target), f"{self._connection.host}{target}")
            names = page.get(key)
            yield from (str(name) for name in (names if isinstance(names, list) else []))
            link = re.match(r'<([^>]+)>;\s*rel="?next"?', response.headers.get("link", ""))
            target = link.group(1) if link else ""
            if target and _parts(target).netloc not in ("", self._connection.host):
                raise ImageError(f"{self._connection.host}: the next page is on another host")
            target = target and _parts(target)._replace(scheme="", netloc="").geturl()

    def _small(self, path: str, repository: str, accept: str) -> bytes:
        response = self._get(path, repository, {"Accept": accept})
        return _read_small(response, path)

    def _get(self, path: str, repository: str, headers: Mapping[str, str]) -> Response:
        scope = f"repository:{repository}:pull" if repository else "registry:catalog:*"
        url = f"{self._scheme()}://{self._connection.host}{path}"
        for attempt in range(2):
            authorization = self._authorization.get(scope)
            sent = {**headers, **({"Authorization": authorization} if authorization else {})}
            response = self._patiently(url, sent)
            if response.status != 401:
                break
            challenge = response.headers.get("www-authenticate", "")
            response.close()
            if attempt:
                raise ImageError(f"{self._connection.host}: signing in was refused for {repository or 'the catalogue'}")
            self._authorization[scope] = self._authorize(challenge, scope)
        if response.status in (200, 206):
            return response
        reason = _reason(response)
        response.close()
        raise ImageError(f"{self._connection.host}{path}: {reason}")

    def _patiently(self, url: str, headers: Mapping[str, str]) -> Response:
        """Asks again after the pause that a registry under load asks for, where it is short."""
        for attempt in range(_PATIENCE):
            response = self._follow(url, headers)
            pause = _pause(response, attempt)
            if pause is None or attempt == _PATIENCE - 1:
                break
            response.close()
            time.sleep(pause)
        return response

    def _follow(self, url: str, headers: Mapping[str, str]) -> Response:
        origin = _parts(url).netloc
        for _ in range(_HOPS):
            response = self._send(url, headers)
            if response.status not in _REDIRECTS:
                return response
            response.close()
            target = _joined(url, response.headers.get("location", ""))
            if _parts(url).scheme == "https" and _parts(target).scheme != "https":
                raise ImageError(f"{origin}: redirects from https to {_parts(target).scheme or 'nowhere'}")
            if _parts(target).netloc != origin:
                headers = {name: value for name, value in headers.items() if name != "Authorization"}
            url = target
        raise ImageError(f"{origin}: more than {_HOPS} redirects")

    def _send(self, url: str, headers: Mapping[str, str]) -> Response:
        parts = _parts(url)
        connection = self._connect(parts)
        target = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
        try:
            connection.request("GET", target, headers={"User-Agent": "bartizan", **headers})
            answer = connection.getresponse()
        except ssl.SSLCertVerificationError as error:
            connection.close()
            raise ImageError(
                f"{parts.netloc}: its certificate is not trusted ({error.verify_message}); name yours with --ca"
            ) from None
        except (OSError, http.client.HTTPException, ValueError, OverflowError) as error:
            # ValueError: a header that cannot be sent; OverflowError: a port that there cannot be
            connection.close()
            raise ImageError(f"{parts.netloc}: {error}") from error
        return Response(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer, connection)

    def _connect(self, parts: SplitResult) -> http.client.HTTPConnection:
        try:
            if parts.scheme == "https":
                context = self._tls_context()
                return http.client.HTTPSConnection(parts.netloc, timeout=self._connection.timeout, context=context)
            if parts.scheme == "http" and (self._connection.plain_http or _is_loopback(parts.hostname or "")):
                return http.client.HTTPConnection(parts.netloc, timeout=self._connection.timeout)
        except (http.client.HTTPException, ValueError) as error:
            raise ImageError(f"{parts.netloc[:100]}: not a host: {error}") from None
        raise ImageError(f"{parts.netloc}: plain HTTP is refused; use --plain-http if you mean it")

    def _tls_context(self) -> ssl.SSLContext:
        if self._tls is None:
            try:
                self._tls = ssl.create_default_context(cafile=self._connection.ca_file or None)
            except (OSError, ssl.SSLError) as error:
                raise ImageError(f"{self._connection.ca_file}: not a file of certificates: {error}") from None
        return self._tls

    def _scheme(self) -> str:
        host = self._connection.host.rpartition(":")[0] or self._connection.host
        return (
            "http" if self._connection.plain_http or (_is_loopback(host) and not self._connection.ca_file) else "https"
        )

    # Signing in

    def _authorize(self, challenge: str, scope: str) -> str:
        kind, _, rest = challenge.partition(" ")
        credentials = self._connection.credentials
        if kind.lower() == "basic":
            if not credentials:
                raise ImageError(f"{self._connection.host}: wants a user name and a password (see --username)")
            return _basic(credentials)
        if kind.lower() != "bearer":
            raise ImageError(f"{self._connection.host}: asks for an unknown way to sign in: {kind[:40]!r}")
        parameters = dict(_PARAMETER.findall(rest))
        realm = parameters.get("realm", "")
        if _parts(realm).scheme not in ("https", self._scheme()):
            raise ImageError(f"{self._connection.host}: its token service is not reached by https: {realm[:80]!r}")
        query = {"service": parameters.get("service", ""), "scope": parameters.get("scope") or scope}
        headers = {"Authorization": _basic(credentials)} if credentials else {}
        separator = "&" if _parts(realm).query else "?"
        response = self._follow(f"{realm}{separator}{urlencode(query, quote_via=quote)}", headers)
        if response.status != 200:
            reason = _reason(response)
            response.close()
            raise ImageError(f"{self._connection.host}: no token for {query['scope']}: {reason}")
        answer = document(_read_small(response, realm), "token service")
        token = answer.get("token") or answer.get("access_token")
        if not isinstance(token, str):
            raise ImageError(f"{self._connection.host}: the token service answered without a token")
        return f"Bearer {token}"


@dataclass(frozen=True, slots=True)
class RegistryBlob:
    """A layer in a registry."""

    registry: Registry
    repository: str
    digest: str
    diff_id: str

    def open(self) -> ReadStream:
        return _ResumingStream(self.registry, self.repository, self.digest)

    def mapped(self) -> memoryview | None:
        return None


class _ResumingStream:
    """A blob's bytes; a connection that breaks is taken up again where it ended."""

    def __init__(self, registry: Registry, repository: str, digest: str) -> None:
        self._registry, self._repository, self._digest = registry, repository, digest
        self._response = registry.open_blob(repository, digest)
        self._length = _length(self._response)
        self._at = 0
        self._retries = _RETRIES

    def read(self, size: int = -1, /) -> bytes:
        while True:
            try:
                piece = self._response.body.read(size if size >= 0 else None)
            except (OSError, http.client.HTTPException) as error:
                self._resume(str(error))
                continue
            if not piece and self._length is not None and self._at < self._length:
                self._resume("the connection ended early")
                continue
            self._at += len(piece)
            return piece

    def close(self) -> None:
        self._response.close()

    def _resume(self, reason: str) -> None:
        self._response.close()
        if not self._retries:
            raise OSError(f"{self._digest[:19]}: {reason}, {_RETRIES} times")
        self._retries -= 1
        self._response = self._registry.open_blob(self._repository, self._digest, self._at)


def _parts(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError as error:
        raise ImageError(f"not an address: {url[:100]!r}: {error}") from None


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise ImageError(f"redirects to what is no address: {location[:100]!r}: {error}") from None


def _basic(credentials: Credentials) -> str:
    pair = f"{credentials.username}:{credentials.password}".encode()
    return "Basic " + base64.b64encode(pair).decode("ascii")


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "::1", "[::1]") or host.startswith("127.")


def _is_index(data: bytes) -> bool:
    return b'"manifests"' in data


def _with_tag(image: Image, reference: Reference) -> Image:
    return Image(
        name=str(reference),
        digest=image.digest,
        id=image.id,
        config=image.config,
        layers=image.layers,
        tags=(str(reference),) if reference.tag else (),
    )


def _pause(response: Response, attempt: int) -> float | None:
    """Seconds to wait before asking again; None where that is no use."""
    if response.status not in (429, 503):
        return None
    told = _whole(response.headers.get("retry-after", ""))
    if told is None:
        return float(1 << attempt)
    return told if told <= _LONGEST_PAUSE else None


def _length(response: Response) -> int | None:
    return _whole(response.headers.get("content-length", ""))


def _whole(text: str) -> int | None:
    """A number as headers hold it; None for everything else, superscript digits and numbers without end included."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def _read_small(response: Response, where: str) -> bytes:
    try:
        data = response.body.read(JSON_LIMIT + 1)
    except (OSError, http.client.HTTPException) as error:
        raise ImageError(f"{where}: {error}") from error
    finally:
        response.close()
    if len(data) > JSON_LIMIT:
        raise ImageError(f"{where}: more than {JSON_LIMIT} bytes")
    return data


def _reason(response: Response) -> str:
    """The first error that the registry tells (Distribution specification, "Error Codes"), else the status."""
    try:
        errors: Any = json.loads(response.body.read(65536)).get("errors")
        first = errors[0]
        told = f"{first.get('code', 'error')}: {first.get('message', '')}".strip()[:300]
        pause = response.headers.get("retry-after", "")
        return f"{told} (try again in {pause} s)" if pause.isdigit() and response.status in (429, 503) else told
    except (ValueError, AttributeError, LookupError, TypeError, OSError, http.client.HTTPException):
        return f"HTTP status {response.status}"
