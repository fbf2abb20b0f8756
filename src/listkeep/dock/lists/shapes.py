"""JSON as the API takes and gives it: nothing unknown is taken."""

from typing import Annotated, Self

from ninja import Schema
from pydantic import ConfigDict, Field

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


class ListView(Shape):
    """A list and its schema."""

    id: str
    name: str
    tenant: str
    facets: list[str]
    fields: list[str]
    created_at: str

    @classmethod
    def of(cls, record: m.ListRecord, **more: int | dict[str, int]) -> Self:
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
