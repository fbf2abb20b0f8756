"""``listkeep send``: campaigns the dock sends by itself, and sends of applications."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from listkeep.cli.home import Instance
from listkeep.cli.output import AsJson, WrongUsage, hint, note, plural, progress, show
from listkeep.cli.request_ids import require_request_id
from listkeep.cli.sessions import As, load_session
from listkeep.core.errors import Code, RefusedError

from .signed_send import Named, TemplateFiles, get_terms, read_template, verify_named
from .template import TextFile, ToName

if TYPE_CHECKING:
    from listkeep.wire.dock import DockClient
    from listkeep.wire.dock.sending import DockBegunSend, DockEndedSend, DockSend

_BEGIN, _END = "begin", "end"
_VERBS = (_BEGIN, _END, "show", "pause", "resume")
_ENDS = ("done", "stopped")
_POLL_SECONDS = 2.0

Words = Annotated[
    list[str],
    typer.Argument(
        metavar="[begin|end|show|pause|resume] REQUEST|LIST",
        help="A granted request; with show, pause or resume in front, one that was "
        "begun. Or its list, with --request.",
        show_default=False,
    ),
]
TemplateFile = Annotated[
    Path | None,
    typer.Option(
        "--template",
        metavar="FILE",
        help="The .eml or .html that was signed for; it is handed over once.",
        show_default=False,
    ),
]
TemplateSubject = Annotated[
    str,
    typer.Option(
        "--subject",
        help="With one .html of several that were signed for: its subject line.",
        show_default=False,
    ),
]
Request = Annotated[
    str,
    typer.Option(
        "--request",
        metavar="ID",
        help="The granted request, if a list stands in its place.",
        show_default=False,
    ),
]
NamedSegment = Annotated[
    str,
    typer.Option(
        "--segment",
        "-s",
        metavar="SEGMENT",
        help="Begin only if this is the segment that was signed for.",
        show_default=False,
    ),
]
Wait = Annotated[
    bool, typer.Option("--wait", help="Stay until it has ended, and show progress.")
]


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command(
        epilog="Example: listkeep send r_abcdefghijkl --template spring.eml --wait; or "
        "listkeep send news --request r_abcdefghijkl --template spring.html"
    )(send)


def send(  # noqa: PLR0913 - each is an option
    words: Words,
    *,
    template: TemplateFile = None,
    text: TextFile = None,
    subject: TemplateSubject = "",
    to_name: ToName = "",
    segment: NamedSegment = "",
    request: Request = "",
    wait: Wait = False,
    name: As = "",
    as_json: AsJson = False,
) -> None:
    """Send a campaign that was signed for, to each addressee once.

    The dock's worker sends it in the background, also after a crash; whoever has it is
    not sent another. `listkeep job ls` shows the job `send-campaigns`.

    `begin` has the dock send nothing: your own application hands the messages over to
    the delivery proxy. So begin standing sends. `end` closes such a send.
    """
    verb, request, list_name = _read_words(words, request)
    files = TemplateFiles(template, text, subject, to_name)
    _check_options(verb, files, wait=wait)
    named = Named(list_name, segment)
    instance = Instance.open()
    session = load_session(instance, name)
    terms = (
        get_terms(instance, request, name=name) if any(named) or files.is_html else None
    )
    with instance.dock(session.dock) as dock:
        if terms:
            verify_named(named, terms, dock)
        if template:
            kept = dock.put_template(request, read_template(files, terms))
            note(f"the template {kept.digest[:12]}… is the one that was signed for")
        if verb == _BEGIN:
            return _show_begun(dock.begin_send(request), as_json=as_json)
        if verb == _END:
            return _show_ended(dock.end_send(request), as_json=as_json)
        found = _act(dock, verb, request)
        if wait:
            found = _follow(dock, found)
    _show(found, as_json=as_json)
    if wait and found.state == "stopped":
        raise _stopped(found)
    return None


def _check_options(verb: str, files: TemplateFiles, *, wait: bool) -> None:
    if files.file is None and any(files):
        raise WrongUsage("--text, --subject and --to-name go with a --template of HTML")
    if files.file and verb not in ("", _BEGIN):
        raise WrongUsage("--template belongs to the beginning of a send")
    if wait and verb in (_BEGIN, _END):
        raise WrongUsage("there is nothing to wait for: your application sends")


def _read_words(words: list[str], request: str = "") -> tuple[str, str, str]:
    """Tell what is to be done, under which request, and which list was named."""
    *verbs, last = words
    if len(verbs) > 1 or not set(verbs) <= set(_VERBS):
        raise WrongUsage(
            f"a request is named, perhaps with {', '.join(_VERBS)} in front",
            hint="for example `listkeep send pause r_abcdefghijkl`",
        )
    if not verbs and not request and last in _VERBS:
        raise WrongUsage("REQUEST is missing")
    verb = "".join(verbs)
    if request:
        return verb, require_request_id(request), last
    return verb, require_request_id(last), ""


def _act(dock: "DockClient", verb: str, request: str) -> "DockSend":
    match verb:
        case "show":
            return dock.show_send(request)
        case "pause":
            return dock.pause_send(request)
        case "resume":
            return dock.resume_send(request)
        case _:
            return dock.start_send(request)


def _follow(dock: "DockClient", found: "DockSend") -> "DockSend":
    """Watch until it has ended; whoever stops watching does not stop it."""
    with progress("sending", total=found.selected) as bar:
        while found.state not in _ENDS:
            time.sleep(_POLL_SECONDS)
            found = dock.show_send(found.request)
            bar.move(
                found.delivered + found.failed,
                text=f"sending: {found.code}" if found.code else "sending",
            )
    return found


def _stopped(found: "DockSend") -> RefusedError:
    return RefusedError(
        "the send was stopped before its end",
        code=Code(found.code) if found.code in set(Code) else Code.NOT_PERMITTED,
        hint=f"see `listkeep request show {found.request}`",
    )


def _show_begun(begun: "DockBegunSend", *, as_json: bool) -> None:
    facts = {
        "request": begun.request,
        "list": begun.list,
        "kind": begun.kind,
        "state": begun.state,
        "cap": begun.cap,
        "token_domain": begun.token_domain,
        "expires": begun.expires,
    }
    show(facts, as_json=as_json)
    note("the delivery proxy takes its messages")


def _show_ended(ended: "DockEndedSend", *, as_json: bool) -> None:
    show({"delivered": ended.delivered, "failed": ended.failed}, as_json=as_json)
    note(f"{ended.request} has ended: nothing more opens under it")


def _show(found: "DockSend", *, as_json: bool) -> None:
    facts = {
        "request": found.request,
        "list": found.list,
        "state": found.state,
        "why": found.code,
        "selected": found.selected,
        "delivered": found.delivered,
        "deferred": found.deferred,
        "failed": found.failed,
    }
    show(facts, as_json=as_json)
    if found.state == "done":
        note(f"{plural(found.delivered, 'message')} delivered")
    elif found.state == "running":
        hint(f"see how far it is with `listkeep send show {found.request}`")
