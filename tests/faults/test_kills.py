"""kill -9 anywhere: nothing is lost, and nothing is half.

A few moments here, fifty in ``make drill``.
"""

from collections.abc import Callable, Iterator

import pytest

from tests.faults.harness import KILLS, House, Operation, furnished, kill_at_random
from tests.faults.operations.backing_up import BackingUp
from tests.faults.operations.exporting import Exporting
from tests.faults.operations.importing import Importing, ImportingLarge
from tests.faults.operations.putting_back import PuttingBack
from tests.faults.operations.renewing import Renewing
from tests.faults.operations.restoring import Restoring

OPERATIONS: list[Callable[[], Operation]] = [
    *(Importing, ImportingLarge, Exporting, Restoring, Renewing),
    *(BackingUp, PuttingBack),
]


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with furnished() as found:
        yield found


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.__name__)
def test_killed_anywhere_it_is_as_before_or_as_after(
    house: House, operation: Callable[[], Operation]
) -> None:
    kill_at_random(house, operation(), kills=KILLS, say=print)
