"""The dock's client, by duty: one class for each kind of question."""

from .client import DockClient

__all__ = ["DockClient"]
