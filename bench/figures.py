"""Small sums over measured values."""

from collections.abc import Sequence


def percentile(values: Sequence[float], percent: float) -> float:
    """Give the smallest value that so many percent of all do not exceed."""
    ordered = sorted(values)
    place = -(-len(ordered) * percent // 100)  # rounded up
    return ordered[max(int(place), 1) - 1]
