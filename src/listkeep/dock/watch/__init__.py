"""Follows the ledger by cursor: notifications, the daily digest, the sweep runner."""
