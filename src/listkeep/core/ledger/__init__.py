"""The mathematics of the ledger: trees, proofs, signed notes, heads of lists.

Values in, values out. Tables, locks and the clock are the keeper's; whoever
checks a proof needs only this room and the standard library, plus Ed25519.
"""
