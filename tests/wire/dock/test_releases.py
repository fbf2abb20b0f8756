import pytest

from listkeep.core.errors import RefusedError
from tests.wire.dock.spoken import client, problem


def test_a_refused_stream_is_read_as_a_problem() -> None:
    with (
        pytest.raises(RefusedError, match="a sentence"),
        client(lambda _: problem(403)).fetch_export("x"),
    ):
        pass
