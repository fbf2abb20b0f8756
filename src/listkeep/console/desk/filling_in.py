"""What forms of requests have in common: what is typed, and what is answered."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, Final, Self

from django.http import HttpRequest, HttpResponse, QueryDict

from listkeep.console.web.answers import show
from listkeep.console.web.ways import Panel
from listkeep.core.errors import Code, ListkeepError, MalformedError
from listkeep.looks.marking import Filled, gettext_noop
from listkeep.wire import messages as m
from listkeep.wire.answers import DockCount

SECONDS_A_DAY: Final = 86_400
COUNT: Final = "count"
"""The button that counts anew what is typed, and asks for nothing."""
PACE: Final = gettext_noop("say how many messages an hour, as a whole number")
SEGMENT: Final = 1900
"""Characters of a segment; with a status behind it, what the dock reads."""


def typed(most: int, *, usual: str = "", several: int = 0) -> Any:
    """Say of a field of a form how many characters of it are read.

    ``usual``: what stands there before anybody typed. ``several``: the field is a
    tuple of what was chosen, and of so many at most.
    """
    return field(metadata={"most": most, "usual": usual, "several": several})


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """What was filled in, as it was typed; each field says how much of it is read."""

    @classmethod
    def read(cls, request: HttpRequest) -> Self:
        """Read what was sent, or what a link says beforehand."""
        given = request.POST if request.method == "POST" else request.GET
        return cls(
            **{
                each.name: _read(given, each.name, **each.metadata)
                for each in fields(cls)
            }
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class SegmentForm(Form):
    """What is asked for of a segment of a list."""

    segment: str = typed(SEGMENT)
    cap: str = typed(12)
    purpose: str = typed(200)

    @property
    def selection(self) -> str:
        """The segment as terms name it: nothing typed is everybody."""
        return self.segment or "all"


def _read(
    given: QueryDict, name: str, *, most: int, usual: str, several: int
) -> str | tuple[str, ...]:
    if several:
        return tuple(text.strip()[:most] for text in given.getlist(name)[:several])
    return given.get(name, usual).strip()[:most]


def answer_form(
    request: HttpRequest,
    template: str,
    context: dict[str, Any],
    *,
    prepare: Callable[[], m.RequestView],
) -> HttpResponse:
    """Show a form; once it is sent, have the keeper write its terms.

    Its button to count sends it as well, so that nothing of it comes into an address,
    and shows it again.

    A refusal is told above the form, which has all that was typed.

    Raises:
        RefusedError: Nobody is signed in any more.
        ListkeepError: Our own fault, which no form can mend.
    """
    if request.method == "GET" or COUNT in request.POST:
        return show(request, template, context)
    try:
        prepared = prepare()
    except ListkeepError as error:
        if error.code is Code.NOT_SIGNED_IN or type(error) is ListkeepError:
            raise
        return show(request, template, {**context, "error": error}, status=error.status)
    return show(request, "prepared", {**context, "prepared": prepared})


def read_number(text: str, sentence: str, *, least: int) -> int:
    """Read a number as people type it, with marks at thousands.

    ``sentence``: what is said of one that is none.

    Raises:
        MalformedError: It is none, or too small.
    """
    plain = text.replace(",", "").replace(" ", "")
    if not (plain.isascii() and plain.isdigit() and int(plain) >= least):
        raise MalformedError(
            sentence,
            code=Code.REQUEST_INVALID,
            hint=Filled(gettext_noop("from {least} on"), least=str(least)),
        )
    return int(plain)


def read_days(text: str, sentence: str, *, most: int) -> int:
    """Read for how many days something may go on.

    ``sentence``: what is said of a longer time, with a slot for the days.

    Raises:
        MalformedError: It is no number, or too long.
    """
    days = read_number(
        text, gettext_noop("say how many days, as a whole number"), least=1
    )
    if days > most:
        raise MalformedError(
            Filled(sentence, days=str(most)), code=Code.REQUEST_INVALID
        )
    return days


def read_cap(text: str, count: Callable[[], Panel[DockCount]]) -> int:
    """Read how many rows at most; nothing typed is as many as there are now.

    Raises:
        MalformedError: It is no number, or nobody is in the segment.
    """
    counted = None if text else count().value
    if counted is None:
        said = gettext_noop("say how many rows at most, as a whole number")
        return read_number(text, said, least=1)
    if not counted.count:
        raise MalformedError(
            gettext_noop("nobody is in this segment"),
            code=Code.REQUEST_INVALID,
            hint=gettext_noop(
                "count again; what stands in a facet is shown on the list's page"
            ),
        )
    return counted.count
