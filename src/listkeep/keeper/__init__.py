"""The keeper: keys, authority, ledger. Decides, seals, opens, counts, records."""
