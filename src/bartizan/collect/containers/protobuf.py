"""The wire format of protocol buffers, as far as a few small messages need it.

A message is a row of fields: a varint of `number << 3 | type`, then the value (protobuf.dev, "Encoding"):

    08 96 01                      field 1, type 0: a varint, 150
    12 07 74 65 73 74 69 6e 67    field 2, type 2: 7 bytes, "testing"
"""

from collections.abc import Iterator, Mapping

Value = int | bytes

_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5


class ProtobufError(Exception):
    """Not a message of protocol buffers."""


def encode(fields: Mapping[int, str | bytes | int]) -> bytes:
    """A message of fields that are there once; empty ones are left out, as proto3 does."""
    out = bytearray()
    for number, value in fields.items():
        if isinstance(value, int):
            if value:
                out += _varint(number << 3 | _VARINT) + _varint(value)
        elif value:
            data = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
            out += _varint(number << 3 | _BYTES) + _varint(len(data)) + data
    return bytes(out)


class Message:
    """A decoded message; fields that are missing have proto3's defaults."""

    def __init__(self, data: bytes) -> None:
        self._fields: dict[int, list[Value]] = {}
        for number, value in _decode(data):
            self._fields.setdefault(number, []).append(value)

    def number(self, field: int) -> int:
        """A varint; of several the last, as the format says."""
        value = self._fields.get(field, [0])[-1]
        if not isinstance(value, int):
            raise ProtobufError(f"field {field} is not a number")
        return value

    def data(self, field: int) -> bytes:
        """Bytes."""
        value = self._fields.get(field, [b""])[-1]
        if not isinstance(value, bytes):
            raise ProtobufError(f"field {field} is not bytes")
        return value

    def text(self, field: int) -> str:
        """A string."""
        return self.data(field).decode("utf-8", "replace")

    def message(self, field: int) -> "Message":
        """A message within this one."""
        return Message(self.data(field))

    def messages(self, field: int) -> Iterator["Message"]:
        """The messages of a repeated field."""
        for value in self._fields.get(field, ()):
            if not isinstance(value, bytes):
                raise ProtobufError(f"field {field} is not a message")
            yield Message(value)


def _decode(data: bytes) -> Iterator[tuple[int, Value]]:
    at = 0
    while at < len(data):
        key, at = _read_varint(data, at)
        number, kind = key >> 3, key & 7
        if not 0 < number < 1 << 29:
            raise ProtobufError(f"a field of number {number}")
        if kind == _VARINT:
            value, at = _read_varint(data, at)
            yield number, value
            continue
        length = 8 if kind == _EIGHT else 4
        if kind == _BYTES:
            length, at = _read_varint(data, at)
        elif kind not in (_EIGHT, _FOUR):
            raise ProtobufError(f"a field of type {kind}")
        if at + length > len(data):
            raise ProtobufError("a field is longer than its message")
        raw = data[at : at + length]
        yield number, raw if kind == _BYTES else int.from_bytes(raw, "little")
        at += length


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            raise ProtobufError("a number ends early")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, at
    raise ProtobufError("a number of more than 64 bits")


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
