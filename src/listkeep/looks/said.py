"""What was said elsewhere, in the reader's language as far as there are words for it.

Errors are raised in English, marked by ``gettext_noop`` where they are ours, and
translated once, where a page shows them: logs and other programs read them as they are.
What keeper and dock say in sentences of their own is quoted, and marked as English, so
that a screen reader does not read it in another language.
"""

from typing import Self

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext

from listkeep.core.errors import ListkeepError

register = template.Library()
_SOURCE = "en"


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


@register.filter
def said(text: object) -> SafeString | str:
    """Write a sentence or an error in the reader's language, or quote it."""
    sentence = text.args[0] if isinstance(text, ListkeepError) else text
    if isinstance(sentence, Filled):
        return gettext(sentence.form).format(**sentence.values)
    plain = str(sentence)
    translated = gettext(plain)
    if translated != plain or get_language() == _SOURCE:
        return translated
    return format_html('<span lang="{}">{}</span>', _SOURCE, plain)
