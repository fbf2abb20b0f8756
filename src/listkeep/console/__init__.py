"""The console: pages for everybody's daily work, with no key and no address.

Whatever it shows it asks of keeper and dock, by the session of the person who looks and
with its own key beside it, and that gives the right to look and nothing else. It keeps
nothing: no database, no file but its settings and its key.
"""
