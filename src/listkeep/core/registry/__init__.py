"""The registry: who may do what, replayed from the ledger and from nothing else.

- ``facts``: tenants, people, services, recipients, lists, requests as values;
- ``passkeys``: what counts as a signature;
- ``charges``: what each principal has spent;
- ``state``: all of that after some entries, and the decision of a request from it;
- ``replay``: one more entry.

The room is pure: an auditor with the entries and the pinned genesis comes to the same
state as the keeper, without a key of it.
"""
