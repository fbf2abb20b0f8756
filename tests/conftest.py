"""What all tests share: nothing but that no test is a stopwatch."""

from hypothesis import settings

# Benchmarks measure, tests do not time: a slow machine is no counterexample.
settings.register_profile("house", settings(), deadline=None)
settings.load_profile("house")
