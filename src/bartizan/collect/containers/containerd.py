"""Images of containerd by its socket: what ctr, nerdctl and Kubernetes nodes run.

    containerd.services.images.v1.Images/Get      {1: name} -> {1: {1: name, 3: {1: media type, 2: digest, 3: size}}}
    containerd.services.images.v1.Images/List     {} -> {1: [image]}
    containerd.services.content.v1.Content/Info   {1: digest} -> {1: {1: digest, 2: size}}
    containerd.services.content.v1.Content/Read   {1: digest, 2: offset, 3: size} -> stream of {1: offset, 2: data}

A namespace keeps images apart: `default` is what ctr uses, `k8s.io` what Kubernetes does. Layers stream from the
store of contents; nothing is unpacked or written there.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from bartizan.collect.containers.grpc import NOT_FOUND, Call, CallError
from bartizan.collect.containers.image import JSON_LIMIT, ImageError, Platform
from bartizan.collect.containers.oci import StoredImage, follow, split_digest
from bartizan.collect.containers.protobuf import Message, ProtobufError, encode
from bartizan.collect.containers.reference import parse_reference
from bartizan.collect.filesystem.byte_source import ReadStream
from bartizan.collect.filesystem.layer import LayerBlob

CONTAINERD_SOCKET = "/run/containerd/containerd.sock"
_IMAGES = "/containerd.services.images.v1.Images"
_CONTENT = "/containerd.services.content.v1.Content"
_SHOWN = 20
_NAME_LENGTH = 4096


class _NotThere(ImageError):
    """Nothing has this name or digest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Containerd:
    """A client for one namespace."""

    path: str = CONTAINERD_SOCKET
    namespace: str = "default"
    timeout: float = 60.0
    """Seconds between two pieces of data."""

    def open_image(self, name: str, platform: Platform) -> StoredImage:
        """An image by its name, in full (`docker.io/library/app:1.0`) or as people write it (`app:1.0`)."""
        full, digest = self._find(name)
        where = f"{self.path}: {full}"

        def layer(wanted: str, diff_id: str) -> LayerBlob:
            split_digest(wanted)
            return ContainerdBlob(self, wanted, diff_id)

        stored = follow({"digest": digest}, self._small, layer, platform, name=full, where=where)
        return StoredImage(replace(stored.image, tags=(full,)))

    def names(self) -> list[str]:
        """The images of the namespace."""
        answer = self._ask(f"{_IMAGES}/List", {})
        return sorted(image.text(1) for image in answer.messages(1))

    def open_content(self, digest: str) -> ReadStream:
        """The bytes of a blob, as they come."""
        return _Content(self, digest, self._call(f"{_CONTENT}/Read", {1: digest}))

    def _find(self, name: str) -> tuple[str, str]:
        """Full name and digest."""
        if not 0 < len(name) <= _NAME_LENGTH:
            raise ImageError(f"not an image's name: {name[:100]!r}")
        candidates = [name]
        with suppress(ImageError):
            candidates.append(str(parse_reference(name)))
        for candidate in dict.fromkeys(candidates):
            try:
                image = self._ask(f"{_IMAGES}/Get", {1: candidate}).message(1)
            except _NotThere:
                continue
            return image.text(1), image.message(3).text(2)
        names = self.names()
        known = ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
        raise ImageError(
            f"{self.path}: there is no image {name} in the namespace {self.namespace} (known: {known or 'none'}); "
            "Kubernetes keeps its own in k8s.io: --namespace k8s.io"
        )

    def _small(self, digest: str) -> bytes:
        split_digest(digest)
        try:
            size = self._ask(f"{_CONTENT}/Info", {1: digest}).message(1).number(2)
        except _NotThere:
            raise ImageError(
                f"{self.path}: {digest[:19]} is not in the store; pull the image for this platform"
            ) from None
        if size > JSON_LIMIT:
            raise ImageError(f"{self.path}: {digest[:19]} is too large for a manifest or configuration")
        stream = self.open_content(digest)
        try:
            data = b""
            while len(data) <= JSON_LIMIT and (piece := stream.read()):
                data += piece
            return data
        finally:
            stream.close()

    def _ask(self, method: str, fields: dict[int, str | bytes | int]) -> Message:
        """A call with one answer."""
        call = self._call(method, fields)
        try:
            answers = list(_told(self, call))
            if len(answers) != 1:
                raise ImageError(f"{self.path}{method}: {len(answers)} answers where one was expected")
            return answers[0]
        finally:
            call.close()

    def _call(self, method: str, fields: dict[int, str | bytes | int]) -> Call:
        try:
            return Call(self.path, method, encode(fields), {"containerd-namespace": self.namespace}, self.timeout)
        except (CallError, OSError) as error:
            raise ImageError(f"{self.path}: {error}; is containerd running, and may you use its socket?") from error


@dataclass(frozen=True, slots=True)
class ContainerdBlob:
    """A layer in the content store."""

    store: Containerd
    digest: str
    diff_id: str

    def open(self) -> ReadStream:
        return self.store.open_content(self.digest)

    def mapped(self) -> memoryview | None:
        return None


class _Content:
    """A blob's bytes in the order of their offsets."""

    def __init__(self, store: Containerd, digest: str, call: Call) -> None:
        self._digest, self._call = digest, call
        self._answers = _told(store, call)
        self._at = 0

    def read(self, size: int = -1, /) -> bytes:
        """The next piece, of whatever size it comes in."""
        try:
            for answer in self._answers:
                if answer.number(1) != self._at:
                    raise ImageError(f"{self._digest[:19]}: a piece is missing at byte {self._at}")
                data = answer.data(2)
                self._at += len(data)
                if data:
                    return data
        except ProtobufError as error:
            raise ImageError(f"{self._digest[:19]}: {error}") from error
        except _NotThere:
            raise ImageError(
                f"{self._digest[:19]} is not in the store: containerd may discard layers once they are unpacked "
                "(discard_unpacked_layers); pull the image again, or scan it at its registry"
            ) from None
        return b""

    def close(self) -> None:
        self._call.close()


def _told(store: Containerd, call: Call) -> Iterator[Message]:
    try:
        for message in call:
            yield Message(message)
    except CallError as error:
        kind = _NotThere if error.code == NOT_FOUND else ImageError
        raise kind(f"{store.path}: {error}") from error
    except (ProtobufError, OSError) as error:
        raise ImageError(f"{store.path}: {error}") from error
