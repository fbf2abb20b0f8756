"""Times, counts and small pictures, as templates write them."""

import re
from datetime import UTC, datetime
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from listkeep.looks.codes import signer_of
from listkeep.looks.marking import gettext_noop
from listkeep.looks.said import count
from listkeep.looks.titles import headline as write_headline
from listkeep.wire.answers import DockList
from listkeep.wire.dock.sends import DockHour

register = template.Library()
_FROZEN = {
    "owner": gettext_noop("{classes} of {tenant}, by owners"),
    "custodian": gettext_noop("{classes} of {tenant}, by custodians"),
}
_AUTHORS = {  # of changes that nobody signed for
    "returned": gettext_noop("mail that came back"),
    "reconciled": gettext_noop("what the keeper holds"),
    "sign-up": gettext_noop("a sign-up form"),
}
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)")
_TIME = "%Y-%m-%dT%H:%M:%SZ"


@register.filter
def when(text: str | None) -> SafeString | str:
    """Write a moment; the reader's own zone is put in by the browser."""
    if not text:
        return "-"
    try:
        moment = datetime.strptime(text, _TIME).replace(tzinfo=UTC)
    except ValueError:
        return text
    shown = f"{moment:%Y-%m-%d %H:%M} UTC"
    return format_html('<time datetime="{}" title="{}">{}</time>', text, shown, shown)


@register.filter
def dated(text: str) -> SafeString:
    """Write a sentence with moments in it, each in the reader's own zone."""
    parts = _MOMENT.split(text)
    return format_html_join(
        "", "{}", ((when(p) if n % 2 else p,) for n, p in enumerate(parts))
    )


@register.filter
def share(part: int, whole: int) -> str:
    """Write a part of a whole in hundredths, for a width."""
    return f"{100 * part / whole:.2f}" if whole else "0"


@register.filter
def strip(found: DockList) -> list[dict[str, object]]:
    """Lay a list's statuses side by side, in hundredths of its entries."""
    parts, start = [], 0.0
    for name, entries in found.statuses.items():
        width = 100 * entries / (found.entries or 1)
        if entries:
            part = {"name": name, "entries": entries}
            parts.append({**part, "start": f"{start:.2f}", "width": f"{width:.2f}"})
        start += width
    return parts


@register.filter
def named(name: str, names: dict[str, str]) -> str:
    """Write the name of an id, where it is known; a person's id says nothing."""
    known = _AUTHORS.get(name, "")
    unknown = gettext("a colleague") if name.startswith("p_") else name
    return names.get(name, gettext(known) if known else unknown)


@register.filter
def lookup(facts: dict[str, str], name: str) -> str:
    """Read a fact whose name has spaces in it."""
    return facts.get(name, "")


@register.filter
def hourly(hour: DockHour) -> str:
    """Write how many messages went out in an hour."""
    return count(hour.delivered)


@register.filter
def signer(text: str) -> str:
    """Write who signed, and what for."""
    return signer_of(text)


@register.filter
def headline(title: str) -> str:
    """Write a subject line as a heading, its slots by what stands for them."""
    return write_headline(title)


@register.filter
def says(value: Any) -> str:
    """Write a facet's value."""
    if value is None:
        return gettext("(none)")
    return str(value).lower() if isinstance(value, bool) else str(value)


@register.filter
def frozen(freeze: dict[str, str]) -> str:
    """Say what of whom is frozen, and which side set it."""
    form = gettext(_FROZEN.get(freeze["set_by"], "{classes} of {tenant}"))
    return form.format(classes=freeze["class"], tenant=freeze["tenant"])
