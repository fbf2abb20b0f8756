"""``listkeep request send``: read templates here, and ask to send what they say."""

from pathlib import Path
from typing import Annotated

import typer

from listkeep.cli.output import AsJson, WrongUsage
from listkeep.cli.sessions import As
from listkeep.core.canonical import encode
from listkeep.core.grants import Action
from listkeep.core.registry.send_subjects import write_send_subject
from listkeep.core.registry.sending import LONGEST_CAMPAIGN, LONGEST_GRANT
from listkeep.wire import messages as m

from .drafting import SignAtOnce, Why, draft, show_or_sign
from .lists import ListName, Segment
from .template import Headers, ReplyTo, Sender, Subject, TextFile, ToName, load_template

EXAMPLE = (
    "Example: listkeep request send news --template spring.eml --cap 25000 --route "
    "relay --purpose 'spring offers' --as ben"
)
_SECONDS_A_DAY = 86_400
Templates = Annotated[
    list[Path],
    typer.Option(
        "--template",
        metavar="FILE",
        help="An .eml or .html file; a standing send may have several.",
    ),
]
Cap = Annotated[int, typer.Option(min=1, help="How many rows are written to at most.")]
Route = Annotated[
    str, typer.Option("--route", metavar="NAME", help="The way out; an enrolled one.")
]
Days = Annotated[
    int,
    typer.Option(
        min=0,
        max=LONGEST_GRANT.days,
        help="How long it may go on: up to 7 days, a standing send up to 90.",
        show_default="the most there is",
    ),
]
Pace = Annotated[int, typer.Option(min=0, help="Messages an hour at most; 0: any.")]
Standing = Annotated[
    bool,
    typer.Option("--standing", help="Goes on by itself; needs --trigger and --pace."),
]
Triggers = Annotated[
    list[str],
    typer.Option("--trigger", metavar="NAME", help="What sets a standing send off."),
]


def send(  # noqa: PLR0913 - each is an option
    list_name: ListName,
    *,
    template: Templates,
    cap: Cap,
    route: Route,
    purpose: Why,
    segment: Segment = "all",
    text: TextFile = None,
    sender: Sender = "",
    subject: Subject = "",
    reply_to: ReplyTo = "",
    to_name: ToName = "",
    pace: Pace = 0,
    days: Days = 0,
    standing: Standing = False,
    trigger: Triggers = [],  # noqa: B006 - never changed
    sign_at_once: SignAtOnce = False,
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Ask to send mail that says what a template says, to the rows of a segment.

    The template is read here; its digest, sender, links and fields become terms. What
    this tenant has sent before you send alone; whatever is new, and every standing
    send, an owner beside you approves.
    """
    from listkeep.core.mail import declare  # noqa: PLC0415 - starts fast

    _check_kind(template, standing=standing, triggers=trigger, pace=pace)
    headers = Headers(sender, subject, reply_to, to_name)
    read = [load_template(file, text, headers) for file in template]
    said = {each.digest: declare(each) for each in read}
    instance, view = draft(
        m.DraftRequest(
            session="",
            action=Action.SEND.value,
            purpose=purpose,
            list=list_name,
            selection=segment,
            cap=cap,
            recipient=route,
            subject=encode(
                write_send_subject(said, pace=pace, triggers=trigger)
            ).decode(),
            valid_seconds=_SECONDS_A_DAY * (days or _most_days(standing=standing)),
        ),
        name=name,
    )
    show_or_sign(instance, view, name=name, sign_at_once=sign_at_once, as_json=as_json)


def _check_kind(
    files: list[Path], *, standing: bool, triggers: list[str], pace: int
) -> None:
    if standing and not (triggers and pace):
        raise WrongUsage(
            "a standing send says what sets it off, and how fast it goes at most",
            hint="add --trigger NAME and --pace MESSAGES-AN-HOUR",
        )
    if triggers and not standing:
        raise WrongUsage("a campaign has no triggers", hint="add --standing")
    if len(files) > 1 and not standing:
        raise WrongUsage(
            "a campaign has one template", hint="ask for a request for each"
        )


def _most_days(*, standing: bool) -> int:
    return (LONGEST_GRANT if standing else LONGEST_CAMPAIGN).days
