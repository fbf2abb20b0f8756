"""Benches: one file per leg, outside the wheel. Run ``python -m bench --help``."""
