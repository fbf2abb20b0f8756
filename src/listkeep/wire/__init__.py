"""Typed messages between the buildings, and the clients of keeper and dock."""
