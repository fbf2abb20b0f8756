"""What all tests share: no test is a stopwatch, and Ctrl-C is heard."""

import signal

from hypothesis import settings

# Benchmarks measure, tests do not time: a slow machine is no counterexample.
settings.register_profile("house", settings(), deadline=None)
settings.load_profile("house")

# A shell that runs the tests in its background lets them, and all they start,
# ignore Ctrl-C; some tests are about what it does.
signal.signal(signal.SIGINT, signal.default_int_handler)
