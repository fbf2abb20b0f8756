"""JSON as the API takes and gives it: nothing unknown is taken.

What it gives to our own clients is told once, as ``wire.answers``.
"""

from functools import cache
from typing import Annotated, Any, Self, get_args, get_origin, get_type_hints

import msgspec
from ninja import Schema
from pydantic import ConfigDict, Field, create_model

from listkeep.wire import messages as m

Id = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")]
# A name is a part of a path: no slash, and no dot in front.
Name = Annotated[
    str,
    Field(pattern=r"^[^/.\x00-\x1f\x7f][^/\x00-\x1f\x7f]*$", max_length=100),
]
TokenText = Annotated[str, Field(pattern=r"^[a-z2-7]{26}$")]


class Shape(Schema):
    """A JSON object of known members."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@cache
def shape_of(answer: type[msgspec.Struct]) -> type[Shape]:
    """Give the JSON of an answer that stands in ``wire.answers``, for the API's page.

    Every member is there, also those that a client can do without from an older dock.
    """
    members: dict[str, Any] = {
        name: (_member(hint), ...) for name, hint in get_type_hints(answer).items()
    }
    name = answer.__name__.removeprefix("Dock")
    return create_model(name, __base__=Shape, __doc__=answer.__doc__, **members)


def _member(hint: Any) -> Any:
    """Put shapes in the place of answers, however deep."""
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return shape_of(hint)
    if get_origin(hint) is tuple:
        return tuple[_member(get_args(hint)[0]), ...]  # type: ignore[misc]
    return hint


class ListView(Shape):
    """A list and its schema."""

    id: str
    name: str
    tenant: str
    facets: list[str]
    fields: list[str]
    created_at: str

    @classmethod
    def of(cls, record: m.ListRecord, **more: Any) -> Self:
        """Show a list as the keeper knows it."""
        return cls(
            id=record.id,
            name=record.name,
            tenant=record.tenant,
            facets=list(record.facets),
            fields=list(record.fields),
            created_at=record.created_at,
            **more,
        )
