"""A newsletter application as somebody else would write it: Django and nothing of ours.

It keeps subscribers in a database of its own, writes to them with Django's mail, and
logs what the server said. It is a process: ``python -m tests.interop.newsletter``.
"""
