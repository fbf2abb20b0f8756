"""What of a list's rows goes into mail: which were signed for, and their values."""

from collections.abc import Sequence

from listkeep.core.errors import VerificationError
from listkeep.core.registry.facts import ListFacts
from listkeep.core.segments import Schema, parse_segment

from .opening import Shape

_KEPT = 16_384


class Selection:
    """The signed segment of a send, and the sealed fields it may fill in."""

    def __init__(
        self, text: str, found: ListFacts, shape: Shape, fields: Sequence[str]
    ) -> None:
        """Prepare once what each row is held against."""
        self._shape = shape
        self._matches = parse_segment(text, Schema.parse(found.facets)).compile()
        self._places = [(name, found.fields.index(name)) for name in fields]
        self._known: dict[str, bool] = {}  # facets repeat, or they would name people

    def has(self, facets: str) -> bool:
        """Tell whether rows with these facets were signed for.

        They count once the row has opened, which authenticates them.

        Raises:
            VerificationError: They are no facets of this list.
        """
        known = self._known.get(facets)
        if known is None:
            if len(self._known) >= _KEPT:
                self._known.clear()
            known = self._matches(self._shape.decode_facets(facets), "subscribed")
            self._known[facets] = known
        return known

    def values(self, fields: str | bytes) -> dict[str, str]:
        """Give the values that may be filled in, and no others.

        Raises:
            VerificationError: The row holds no sealed fields of this list.
        """
        if not self._places:
            return {}
        values = self._shape.field_values(fields)
        try:
            return {name: values[place] for name, place in self._places}
        except LookupError as error:
            raise VerificationError("a row lacks a sealed field") from error
