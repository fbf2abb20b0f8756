"""How old a count on a page may be."""

from typing import Final

MAX_AGE: Final = 300
"""Seconds of single changes it may miss: with a million entries counting takes long.

The dock counts again behind whoever looks, once a tenth of it is over. So it is only
the first page after some quiet minutes that tells what was so long ago.
"""
