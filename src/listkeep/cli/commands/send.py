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

if TYPE_CHECKING:
    from listkeep.wire.dock import DockClient
    from listkeep.wire.dock.sending import DockBegunSend, DockSend

_BEGIN, _END = "begin", "end"
_VERBS = (_BEGIN, _END, "show", "pause", "resume")
_ENDS = ("done", "stopped")
_POLL_SECONDS = 2.0
_MOST_BYTES = 25 * 1024 * 1024

Words = Annotated[
    list[str],
    typer.Argument(
        metavar="[begin|end|show|pause|resume] REQUEST",
        help="A granted request; with show, pause or resume in front, one that was "
        "begun.",
        show_default=False,
    ),
]
TemplateFile = Annotated[
    Path | None,
    typer.Option(
        "--template",
        metavar="FILE",
        help="The .eml that was signed for; it is handed over once.",
        show_default=False,
    ),
]
Wait = Annotated[
    bool, typer.Option("--wait", help="Stay until it has ended, and show progress.")
]


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command(
        epilog="Example: listkeep send r_abcdefghijkl --template spring.eml --wait"
    )(send)


def send(
    words: Words,
    *,
    template: TemplateFile = None,
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
    verb, request = _read_words(words)
    if template and verb not in ("", _BEGIN):
        raise WrongUsage("--template belongs to the beginning of a send")
    if wait and verb in (_BEGIN, _END):
        raise WrongUsage("there is nothing to wait for: your application sends")
    instance = Instance.open()
    session = load_session(instance, name)
    with instance.dock(session.dock) as dock:
        if template:
            kept = dock.put_template(request, _read_template(template))
            note(f"the template {kept.digest[:12]}… is the one that was signed for")
        if verb == _BEGIN:
            _show_begun(dock.begin_send(request), as_json=as_json)
            return
        if verb == _END:
            ended = dock.end_send(request)
            show(
                {"delivered": ended.delivered, "failed": ended.failed}, as_json=as_json
            )
            note(f"{request} has ended: nothing more opens under it")
            return
        found = _act(dock, verb, request)
        if wait:
            found = _follow(dock, found)
    _show(found, as_json=as_json)
    if wait and found.state == "stopped":
        raise RefusedError(
            "the send was stopped before its end",
            code=Code(found.code) if found.code in set(Code) else Code.NOT_PERMITTED,
            hint=f"see `listkeep request show {request}`",
        )


def _read_words(words: list[str]) -> tuple[str, str]:
    if len(words) == 1 and words[0] in _VERBS:
        raise WrongUsage("REQUEST is missing")
    if len(words) == 1:
        return "", require_request_id(words[0])
    if len(words) != 2 or words[0] not in _VERBS:
        raise WrongUsage(
            f"a request is named, perhaps with {', '.join(_VERBS)} in front",
            hint="for example `listkeep send pause r_abcdefghijkl`",
        )
    return words[0], require_request_id(words[1])


def _read_template(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except (FileNotFoundError, IsADirectoryError) as error:
        raise WrongUsage("there is no such template file") from error
    if len(data) > _MOST_BYTES:
        raise WrongUsage("the template is larger than 25 MiB")
    return data


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
