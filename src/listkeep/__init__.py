"""Listkeep: everyone works with the list, nobody walks off with it."""

__version__ = "0.1.0"
