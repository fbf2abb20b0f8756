"""kill -9 anywhere: nothing is lost, and nothing is half.

One moment here, and the engines take turns; fifty on either of them in ``make drill``.
"""

from collections.abc import Callable, Iterator

import pytest

from tests.faults.harness import (
    ENGINES,
    KILLS,
    House,
    Operation,
    furnished,
    kill_at_random,
)
from tests.faults.operations.backing_up import BackingUp
from tests.faults.operations.exporting import Exporting
from tests.faults.operations.importing import (
    Importing,
    ImportingLarge,
    ImportingThroughRestarts,
)
from tests.faults.operations.putting_back import PuttingBack
from tests.faults.operations.renewing import Renewing
from tests.faults.operations.restoring import Restoring
from tests.postgres import cluster

__all__ = ["cluster"]

OPERATIONS: list[Callable[[], Operation]] = [
    *(Importing, ImportingLarge, Exporting, Restoring, Renewing),
    *(BackingUp, PuttingBack),
]
WHERE = [
    (engine, operation)
    for place, operation in enumerate(OPERATIONS)
    for turn, engine in enumerate(ENGINES)
    if KILLS > 1 or place % len(ENGINES) == turn
]


@pytest.fixture(scope="module")
def house(request: pytest.FixtureRequest) -> Iterator[House]:
    is_served = request.param == "postgresql"
    server = request.getfixturevalue("cluster") if is_served else None
    with furnished(cluster=server) as found:
        yield found


@pytest.mark.parametrize(
    ("house", "operation"),
    WHERE,
    indirect=["house"],
    ids=lambda each: getattr(each, "__name__", each),
)
def test_killed_anywhere_it_is_as_before_or_as_after(
    house: House, operation: Callable[[], Operation]
) -> None:
    kill_at_random(house, operation(), kills=KILLS, say=print)


@pytest.mark.parametrize("house", ["postgresql"], indirect=True)
def test_postgresql_may_start_anew_in_the_middle_of_an_import(house: House) -> None:
    """Who does the work goes on, without being started again."""
    kill_at_random(house, ImportingThroughRestarts(), kills=KILLS, say=print)
