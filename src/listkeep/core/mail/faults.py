"""Say why a template is refused: every reason at once, each with its place.

Whoever writes a template fixes it in one go, so nothing stops at the first fault.
The words never repeat what stands in the template: it may hold an address or a token.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from listkeep.core.errors import Code, MalformedError

MAX_FAULTS = 50
MAX_ADDED = 500  # the same again and again, as only an attacker writes it


@dataclass(frozen=True, slots=True)
class Fault:
    """One reason: where, what, and what to do."""

    place: str
    message: str
    hint: str = ""


@dataclass(slots=True)
class Findings:
    """Faults as they are found, from the first to the fiftieth."""

    faults: list[Fault] = field(default_factory=list)
    added: int = 0

    def add(self, place: str, message: str, hint: str = "") -> None:
        """Note a fault, once."""
        fault = Fault(place, message, hint)
        self.added += 1
        if not self.is_full and fault not in self.faults:
            self.faults.append(fault)

    @property
    def is_full(self) -> bool:
        """Whether looking further is of no use."""
        return len(self.faults) >= MAX_FAULTS or self.added > MAX_ADDED

    def require_none(self) -> None:
        """Refuse if anything was found.

        Raises:
            TemplateError: With all of it.
        """
        if self.faults:
            raise TemplateError(self.faults)


class TemplateError(MalformedError):
    """The template is refused; ``faults`` has all reasons, the message the first."""

    default_code = Code.TEMPLATE_INVALID

    def __init__(self, faults: Sequence[Fault]) -> None:
        """Keep all reasons."""
        first = faults[0]
        super().__init__(f"{first.place}: {first.message}", hint=first.hint)
        self.faults = tuple(faults)
