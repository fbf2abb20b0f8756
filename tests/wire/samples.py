"""One small valid message of each kind, made from the types alone; and frames."""

from collections.abc import Iterator
from typing import Any

import msgspec

from listkeep.wire import messages as m
from listkeep.wire.base import FRAME_BYTES, Message, decode
from listkeep.wire.messages import erasures as e
from listkeep.wire.messages import incidents as i
from listkeep.wire.messages import keys as k
from listkeep.wire.messages import notices as n
from listkeep.wire.messages import policies as p
from listkeep.wire.messages import processes as q
from listkeep.wire.messages import restores as r
from listkeep.wire.messages import scrubs as s
from listkeep.wire.messages import sends as d
from listkeep.wire.messages import suppressions as sp

_MODULES = (m, n, p, s, i, e, r, k, q, d)
KINDS: list[type[Message]] = [
    kind
    for kind in {
        name: value for each in (*_MODULES, sp) for name, value in vars(each).items()
    }.values()
    if isinstance(kind, type) and issubclass(kind, Message) and kind is not Message
]


def sample(kind: type[Message]) -> dict[str, Any]:
    """Build the fields of one valid message, optional ones included."""
    value = _sample(msgspec.inspect.type_info(kind))
    assert isinstance(value, dict)
    return value


def make(kind: type[Message]) -> Message:
    return decode(msgspec.msgpack.encode(sample(kind)), kind)


def batch(number: int) -> m.RowBatch:
    return m.RowBatch(
        tokens=bytes([number]) * 16,
        batch_ids=bytes(12),
        positions=[number],
        sealed=[b"sealed"],
        facets=["[]"],
    )


def frames(body: bytes) -> Iterator[bytes]:
    while body:
        size = int.from_bytes(body[:FRAME_BYTES], "big")
        yield body[FRAME_BYTES : FRAME_BYTES + size]
        body = body[FRAME_BYTES + size :]


def required(kind: type[Message]) -> list[str]:
    return [field.name for field in msgspec.structs.fields(kind) if field.required]


def _sample(kind: msgspec.inspect.Type) -> Any:
    value: Any = None
    match kind:
        case msgspec.inspect.StructType():
            value = {field.name: _sample(field.type) for field in kind.fields}
        case msgspec.inspect.UnionType():  # only ever "or none"
            value = next(filter(None, map(_sample, kind.types)))
        case msgspec.inspect.ListType() | msgspec.inspect.VarTupleType():
            value = [_sample(kind.item_type)]
        case msgspec.inspect.DictType():
            value = {_sample(kind.key_type): _sample(kind.value_type)}
        case msgspec.inspect.StrType():
            value = "2026-01-05" if "{4}-" in (kind.pattern or "") else "a"
        case msgspec.inspect.LiteralType():
            value = kind.values[0]
        case msgspec.inspect.BytesType():
            value = b"a" * (kind.min_length or 1)
        case msgspec.inspect.IntType():
            value = kind.ge or 1
        case msgspec.inspect.BoolType():
            value = True
    return value
