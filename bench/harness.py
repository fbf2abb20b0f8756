"""What every leg shares: alternating rounds, medians, and where it was measured."""

import os
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import median
from typing import Any


class SkippedError(Exception):
    """A leg cannot be measured here; the text says why."""


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
    """One leg's figures at one size; ``ratio`` is the median of the rounds' own.

    ``peers`` are others' ways to do the same, in the same unit and the same run;
    ``figures`` is what else was measured on the way.
    """

    leg: str
    rows: int
    ours: float
    reference: float
    ratio: float
    unit: str
    rounds: int = 0
    peers: dict[str, float] = field(default_factory=dict)
    figures: dict[str, float | str] = field(default_factory=dict)
    machine: str = ""
    date: str = ""
    load: str = ""
    bounds: tuple[tuple[Bound, float], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Give the figures as one JSON object."""
        figures = dict(self.__dict__)
        figures["bounds"] = [
            {
                **{key: most for key, most in bound.__dict__.items() if most},
                "value": round(value, 3),
                "kept": not bound.miss(value),
            }
            for bound, value in self.bounds
        ]
        return figures

    def misses(self) -> list[str]:
        """List the bounds that were missed."""
        return [text for bound, value in self.bounds if (text := bound.miss(value))]


@dataclass(frozen=True)
class Rounds:
    """Rates of several ways to do the same, taken in turn so that drift hits all."""

    ours: tuple[float, ...]
    reference: tuple[float, ...]
    peers: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        """The median of ours over reference, round by round."""
        return median(a / b for a, b in zip(self.ours, self.reference, strict=True))

    @property
    def medians(self) -> dict[str, float]:
        """The median rate of each peer."""
        return {name: median(rates) for name, rates in self.peers.items()}


def alternate(
    ours: Callable[[], float],
    reference: Callable[[], float],
    *,
    rounds: int,
    peers: Mapping[str, Callable[[], float]] | None = None,
) -> Rounds:
    """Run all in turn, round by round, and keep the rates each returned."""
    others = peers or {}
    taken = [
        (ours(), reference(), [measure() for measure in others.values()])
        for _ in range(rounds)
    ]
    columns = zip(*(rates for _, _, rates in taken), strict=True)
    return Rounds(
        tuple(a for a, _, _ in taken),
        tuple(b for _, b, _ in taken),
        dict(zip(others, columns, strict=True)),
    )


def sum_up(  # noqa: PLR0913 - what a result is made of
    leg: str,
    rates: Rounds,
    *,
    rows: int,
    unit: str,
    bounds: tuple[tuple[Bound, float], ...] = (),
    figures: Mapping[str, float | str] | None = None,
) -> Result:
    """Make a leg's result of its rounds: medians, and where and when they were."""
    return Result(
        leg=leg,
        rows=rows,
        ours=rounded(median(rates.ours)),
        reference=rounded(median(rates.reference)),
        ratio=round(rates.ratio, 3),
        unit=unit,
        rounds=len(rates.ours),
        peers={name: rounded(rate) for name, rate in rates.medians.items()},
        figures=dict(figures or {}),
        machine=machine(),
        date=today(),
        load=load(),
        bounds=bounds,
    )


def rounded(value: float) -> float:
    """Keep the digits that mean something."""
    return round(value) if abs(value) >= 100 else round(value, 2)


def machine() -> str:
    """Describe the machine in a few words."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}, "
        f"Python {platform.python_version()}"
    )


def load() -> str:
    """Tell how busy the machine was: its load over one and five minutes."""
    one, five, _ = os.getloadavg()
    return f"{one:.1f} {five:.1f}"


def today() -> str:
    """Tell the date."""
    return datetime.now(UTC).date().isoformat()
