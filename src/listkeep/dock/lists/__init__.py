"""Lists: sealed entries, what may be asked about them, and the keeper's door."""
