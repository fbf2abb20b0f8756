"""What was said elsewhere, in the reader's language as far as there are words for it.

Errors are raised in English, marked by ``gettext_noop`` where they are ours, and
translated once, where a page shows them: logs and other programs read them as they are.
What keeper and dock say in sentences of their own is quoted, and marked as English, so
that a screen reader does not read it in another language.
"""

from django import template
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext

from listkeep.core.errors import ListkeepError

from .codes import word_of
from .marking import Filled

register = template.Library()
_SOURCE = "en"


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


@register.filter
def words(code: str) -> str:
    """Write a code as words."""
    return word_of(code)


@register.filter
def count(number: int | None) -> str:
    """Write a number with a mark at each thousand."""
    return "-" if number is None else number_format(number, force_grouping=True)
