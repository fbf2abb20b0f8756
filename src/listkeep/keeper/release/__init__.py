"""Seal what comes in; open what was granted, counted and recorded first."""
