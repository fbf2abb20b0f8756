"""What every leg shares: alternating rounds, medians, and where it was measured."""

import os
import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Bound:
    """A figure that must not be missed."""

    name: str
    at_least: float | None = None
    at_most: float | None = None

    def miss(self, value: float) -> str:
        """Say in words how the bound is missed; empty when it is kept."""
        if self.at_least is not None and value < self.at_least:
            return f"{self.name} is {value:,.2f}, must be at least {self.at_least:,.2f}"
        if self.at_most is not None and value > self.at_most:
            return f"{self.name} is {value:,.2f}, must be at most {self.at_most:,.2f}"
        return ""


@dataclass(frozen=True, kw_only=True)
class Result:
    """One leg's figures; ``ratio`` is the median of the rounds' own ratios."""

    leg: str
    rows: int
    ours: float
    reference: float
    ratio: float
    unit: str
    peers: dict[str, float | str] = field(default_factory=dict)
    machine: str = ""
    date: str = ""
    bounds: tuple[tuple[Bound, float], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Give the figures as one JSON object."""
        figures = asdict(self)
        del figures["bounds"]
        return figures

    def misses(self) -> list[str]:
        """List the bounds that were missed."""
        return [text for bound, value in self.bounds if (text := bound.miss(value))]


@dataclass(frozen=True)
class Rounds:
    """Rates of two ways to do the same, taken in turn so that drift hits both."""

    ours: tuple[float, ...]
    reference: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """The median of ours over reference, round by round."""
        return median(a / b for a, b in zip(self.ours, self.reference, strict=True))


def alternate(
    ours: Callable[[], float], reference: Callable[[], float], *, rounds: int
) -> Rounds:
    """Run both in turn and keep the rates each returned (more is better)."""
    pairs = [(ours(), reference()) for _ in range(rounds)]
    return Rounds(tuple(a for a, _ in pairs), tuple(b for _, b in pairs))


def machine() -> str:
    """Describe the machine in a few words."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}, "
        f"Python {platform.python_version()}"
    )


def today() -> str:
    """Tell the date."""
    return datetime.now(UTC).date().isoformat()
