"""Texts that are marked where they stand, and looked up where they are shown."""

from typing import Self


def gettext_noop(text: str) -> str:
    """Mark a text for the catalogues; Django's own wants settings to do nothing."""
    return text


class Filled(str):
    """A sentence with values in it, which is translated before they are put in."""

    __slots__ = ("form", "values")

    form: str
    values: dict[str, str]

    def __new__(cls, form: str, **values: str) -> Self:
        """Fill ``form``, which ``gettext_noop`` marks and whose places have names."""
        filled = super().__new__(cls, form.format(**values))
        filled.form, filled.values = form, values
        return filled
