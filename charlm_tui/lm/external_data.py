"""Whether an ONNX file is all of its model: a tensor may say that its data are in another file.

Reads as much of protobuf's wire format (https://protobuf.dev/programming-guides/encoding) as it
takes to come to every tensor, wherever ONNX' schema (onnx/onnx.proto) lets one stand; the data
themselves are passed over, and nothing is copied. What is accepted here no other reader of protobuf
takes for something else: in doubt, the bytes are malformed. Metadata too large to be any are, too.
The metadata of a model can be read as well, without the rest of it. Knows neither onnx nor
onnxruntime.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, Protocol, overload

MOST_DEPTH = 100
"""Messages in one another, at the most, as for protobuf's own reader."""
MOST_FIELDS = 300_000
"""Of all messages; a model has some thousand, and its weights are one field a tensor."""
MOST_METADATA_BYTES = 2**24
"""Of all properties of a model together."""

TENSOR = "TensorProto"
WITHIN: Mapping[str, Mapping[int, str]] = {
    "ModelProto": {7: "GraphProto", 20: "TrainingInfoProto", 25: "FunctionProto"},
    "GraphProto": {1: "NodeProto", 5: TENSOR, 15: "SparseTensorProto"},
    "NodeProto": {5: "AttributeProto"},
    "AttributeProto": {
        5: TENSOR,
        6: "GraphProto",
        10: TENSOR,
        11: "GraphProto",
        22: "SparseTensorProto",
        23: "SparseTensorProto",
    },
    "FunctionProto": {7: "NodeProto", 11: "AttributeProto"},
    "SparseTensorProto": {1: TENSOR, 2: TENSOR},
    "TrainingInfoProto": {1: "GraphProto", 2: "GraphProto"},
}
"""The fields, by number, of every message in which a tensor can stand, and the message of each."""

MOST_TOP_FIELDS = 10_000
"""Of a model itself, where nothing but its metadata is read; one has some ten."""

_METADATA = 14  # field of a model
_KEY, _VALUE = 1, 2  # fields of one of the metadata
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14  # fields of a tensor
_VARINT, _FIXED_64, _SIZED, _GROUP, _GROUP_END, _FIXED_32 = range(6)  # wire types


def has_external_data(content: bytes) -> bool:
    """Return whether a tensor of an ONNX model has its data, or any of them, outside of the file.

    Args:
        content: of the file.

    Raises:
        ValueError: it is malformed, nested too deeply, or has too many fields or metadata.
    """
    return _Reader(content).is_external("ModelProto", 0, len(content), 1)


def read_metadata(path: Path) -> dict[str, str]:
    """Return the metadata of an ONNX file; nothing else of it is read, and nothing runs.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is malformed, or has too many fields or metadata.
    """
    found = {}
    with path.open("rb") as file:
        content = _OnDisk(file)
        reader = _Reader(content, MOST_TOP_FIELDS)
        reader.check_metadata(0, content.size)
        for number, wire, first, last in reader.fields(0, content.size):
            if number == _METADATA and wire == _SIZED:
                entry = content[first:last]
                texts = {
                    key: entry[start:end].decode()
                    for key, kind, start, end in _Reader(entry).fields(0, len(entry))
                    if kind == _SIZED
                }
                found[texts.get(_KEY, "")] = texts.get(_VALUE, "")
    return found


class _Content(Protocol):
    """Bytes, in memory or not."""

    @overload
    def __getitem__(self, place: int, /) -> int: ...
    @overload
    def __getitem__(self, place: slice, /) -> bytes: ...


class _OnDisk:
    """The bytes of an open file, as if they were in memory."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = os.fstat(file.fileno()).st_size

    @overload
    def __getitem__(self, place: int, /) -> int: ...
    @overload
    def __getitem__(self, place: slice, /) -> bytes: ...
    def __getitem__(self, place: int | slice, /) -> int | bytes:
        if isinstance(place, slice):
            self._file.seek(place.start)
            return self._file.read(place.stop - place.start)
        self._file.seek(place)
        byte = self._file.read(1)
        if not byte:  # the file has become shorter meanwhile
            raise ValueError(f"it ends before byte {place:,}")
        return byte[0]


class _Reader:
    def __init__(self, content: _Content, most_fields: int = MOST_FIELDS) -> None:
        self._content = content
        self._most_fields = self._fields_left = most_fields

    def is_external(self, message: str, start: int, end: int, depth: int) -> bool:
        """Return whether a message is, or has in it, a tensor with external data."""
        if depth > MOST_DEPTH:
            raise ValueError(f"its messages are nested more than {MOST_DEPTH} deep")
        if message == TENSOR:
            return any(
                self._says_external(number, wire, first, last)
                for number, wire, first, last in self.fields(start, end)
            )
        if message == "ModelProto":
            self.check_metadata(start, end)
        within = WITHIN[message]
        return any(
            wire == _SIZED
            and number in within
            and self.is_external(within[number], first, last, depth + 1)
            for number, wire, first, last in self.fields(start, end)
        )

    def check_metadata(self, start: int, end: int) -> None:
        """Refuse more of them than any model has: onnxruntime copies them four times."""
        size = sum(
            last - first
            for number, wire, first, last in self.fields(start, end)
            if number == _METADATA and wire == _SIZED
        )
        if size > MOST_METADATA_BYTES:
            raise ValueError(
                f"its metadata have {size:,} bytes where at most {MOST_METADATA_BYTES:,} are "
                "expected"
            )

    def _says_external(self, number: int, wire: int, first: int, last: int) -> bool:
        if number == _DATA_LOCATION and wire == _VARINT:
            return any(byte & 0x7F for byte in self._content[first:last])  # not 0, the default
        return number == _EXTERNAL_DATA and wire == _SIZED

    def fields(self, at: int, end: int) -> Iterator[tuple[int, int, int, int]]:
        """Yield number, wire type, start and end of the value of each field of a message.

        Groups, which the schema has none of, are passed over with all that is in them.
        """
        groups: list[int] = []
        while at < end:
            self._fields_left -= 1
            if self._fields_left < 0:
                raise ValueError(f"it has more than {self._most_fields:,} fields")
            tag, first = self._varint(at, end, 32)
            number, wire = tag >> 3, tag & 7
            if number == 0:
                raise ValueError(f"its byte {at:,} begins no field")
            if wire == _VARINT:
                _, last = self._varint(first, end, 64)
            elif wire == _SIZED:
                size, first = self._varint(first, end, 31)
                last = first + size
            elif wire in (_FIXED_64, _FIXED_32):
                last = first + (8 if wire == _FIXED_64 else 4)
            elif wire == _GROUP and len(groups) < MOST_DEPTH:
                groups.append(number)
                last = first
            elif wire == _GROUP_END and groups and groups.pop() == number:
                at = first
                continue
            else:
                raise ValueError(f"its byte {at:,} begins no field")
            if last > end:
                raise ValueError(f"it ends within the field at byte {at:,}")
            if not groups:
                yield number, wire, first, last
            at = last
        if groups:
            raise ValueError(f"it ends within the group {groups[-1]}")

    def _varint(self, at: int, end: int, bits: int) -> tuple[int, int]:
        """Return an integer of so many bits, seven to a byte, and the place behind it."""
        content, value = self._content, 0
        for shift in range(0, bits, 7):
            if at >= end:
                raise ValueError(f"it ends within the number before byte {at:,}")
            byte = content[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                if value >> bits:
                    break
                return value, at
        raise ValueError(f"its number before byte {at:,} has more than {bits} bits")
