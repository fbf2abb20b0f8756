"""What all tests share: no stopwatch, Ctrl-C that is heard, a folder for each run."""

import shutil
import signal
import tempfile

import pytest
from hypothesis import settings

# Benchmarks measure, tests do not time: a slow machine is no counterexample.
settings.register_profile("house", settings(), deadline=None)
settings.load_profile("house")

# A shell that runs the tests in its background lets them, and all they start,
# ignore Ctrl-C; some tests are about what it does.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Give each run a folder of its own, which ends with it.

    The one that pytest makes is common to all runs of a user; two that end at once
    both clear it, and one of them fails. ``--basetemp`` keeps what is there.
    """
    if config.option.basetemp is None:
        folder = tempfile.mkdtemp(prefix="lk-run-")
        config.option.basetemp = folder
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
