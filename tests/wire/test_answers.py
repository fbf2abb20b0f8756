from inspect import getmembers, isclass

import msgspec
import pytest
from msgspec import inspect

from listkeep.wire import answers

KINDS = [
    kind for _, kind in getmembers(answers, isclass) if issubclass(kind, msgspec.Struct)
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_an_answer_of_a_newer_dock_is_understood(kind: type[msgspec.Struct]) -> None:
    fields = example(inspect.type_info(kind))
    assert isinstance(fields, dict)
    newer = msgspec.json.encode({**fields, "something_new": {"deep": [1]}})

    found = msgspec.json.decode(newer, type=kind)

    assert msgspec.json.decode(msgspec.json.encode(found)) == fields


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_an_answer_that_lacks_something_is_none(kind: type[msgspec.Struct]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b"{}", type=kind)


def test_no_answer_has_room_for_an_address() -> None:
    names = {field.name for kind in KINDS for field in msgspec.structs.fields(kind)}

    assert not names & {"address", "addresses", "email", "spelling", "index_form"}


def example(kind: inspect.Type) -> object:  # noqa: PLR0911 - one per type
    """Make a JSON value of a type."""
    match kind:
        case inspect.StrType():
            return "text"
        case inspect.IntType():
            return 1
        case inspect.BoolType():
            return True
        case inspect.UnionType():
            return example(kind.types[0])
        case inspect.VarTupleType():
            return [example(kind.item_type)]
        case inspect.DictType():
            return {"name": example(kind.value_type)}
        case inspect.StructType():
            return {f.encode_name: example(f.type) for f in kind.fields}
        case inspect.NoneType():
            return None
        case _:
            raise AssertionError(kind)
