"""Processes around a relay that is measured: who hands mail over, and who takes it."""
