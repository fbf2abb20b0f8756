"""kill -9 anywhere: nothing is lost, and nothing is half.

A few moments here, fifty in ``make drill``; on either engine.
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


@pytest.fixture(scope="module", params=ENGINES)
def house(request: pytest.FixtureRequest) -> Iterator[House]:
    is_served = request.param == "postgresql"
    server = request.getfixturevalue("cluster") if is_served else None
    with furnished(cluster=server) as found:
        yield found


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.__name__)
def test_killed_anywhere_it_is_as_before_or_as_after(
    house: House, operation: Callable[[], Operation]
) -> None:
    kill_at_random(house, operation(), kills=KILLS, say=print)


def test_postgresql_may_start_anew_in_the_middle_of_an_import(house: House) -> None:
    """Who does the work goes on, without being started again."""
    if house.cluster is None:
        pytest.skip("SQLite has no server to lose")
    kill_at_random(house, ImportingThroughRestarts(), kills=KILLS, say=print)
