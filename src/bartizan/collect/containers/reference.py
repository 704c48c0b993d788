"""Image references as people write them: `[host[:port]/]path[:tag][@digest]`.

Grammar: github.com/distribution/reference. Without a host it is Docker Hub's, and a single name is below `library/`.
"""

import re
from dataclasses import dataclass

from bartizan.collect.containers.image import ImageError

DOCKER_HUB = "registry-1.docker.io"
_HUB_NAMES = ("docker.io", "index.docker.io")
_PATH = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Where an image is, in a registry."""

    host: str
    """Host and port to connect to."""
    repository: str
    tag: str = ""
    digest: str = ""

    @property
    def version(self) -> str:
        """What to ask the registry for: the digest where there is one."""
        return self.digest or self.tag

    def __str__(self) -> str:
        host = "docker.io" if self.host == DOCKER_HUB else self.host
        tag = f":{self.tag}" if self.tag else ""
        return f"{host}/{self.repository}{tag}{f'@{self.digest}' if self.digest else ''}"


def parse_reference(text: str) -> Reference:
    """A reference from its text; raises `ImageError` that says which part is wrong."""
    rest, at, digest = text.partition("@")
    if at and not _DIGEST.fullmatch(digest):
        raise ImageError(f"{text}: not a digest after '@'; write sha256: and 64 hexadecimal digits")
    first, slash, path = rest.partition("/")
    if not slash or not ("." in first or ":" in first or first == "localhost" or first.startswith("[")):
        host, path = "docker.io", rest
    else:
        host = first
    if not _HOST.fullmatch(host):
        raise ImageError(f"{text}: not a registry's host: {host!r}")
    path, colon, tag = path.partition(":")
    if colon and not _TAG.fullmatch(tag):
        raise ImageError(f"{text}: not a tag: {tag!r}")
    if host in _HUB_NAMES:
        host = DOCKER_HUB
        path = path if "/" in path else f"library/{path}"
    if not _PATH.fullmatch(path):
        raise ImageError(f"{text}: not a repository: {path!r}; names are lower case")
    return Reference(host=host, repository=path, tag=tag or ("" if digest else "latest"), digest=digest)
