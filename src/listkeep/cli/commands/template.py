"""``listkeep template``: see what a template would send, before anybody signs it."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from listkeep.cli.output import (
    AsJson,
    WrongUsage,
    hint,
    note,
    plural,
    write,
    write_facts,
    write_json,
)
from listkeep.core.errors import Code, ConflictError, MalformedError

if TYPE_CHECKING:
    from listkeep.core.mail import Draft, Template, TemplateError

MAX_BYTES = 4 * 1024 * 1024

app = typer.Typer(
    no_args_is_help=True,
    help="What a send may say: its text, its slots, and where its links lead.",
)
TemplateFile = Annotated[
    Path,
    typer.Argument(metavar="FILE", help="An .eml or .html file.", show_default=False),
]
TextFile = Annotated[
    Path | None,
    typer.Option("--text", help="The same as plain text.", show_default=False),
]
Sender = Annotated[
    str, typer.Option("--from", help="With .html: who sends it.", show_default=False)
]
Subject = Annotated[str, typer.Option(help="With .html.", show_default=False)]
ReplyTo = Annotated[
    str,
    typer.Option("--reply-to", help="With .html: who is answered.", show_default=False),
]
ToName = Annotated[
    str,
    typer.Option(
        "--to-name", help="With .html: slots of the name.", show_default=False
    ),
]

Target = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Write .html as the .eml that says the same, for the dock's page.",
        show_default=False,
    ),
]


def register(program: typer.Typer) -> None:
    """Add the commands."""
    program.add_typer(app, name="template")


@app.command(
    epilog="Example: listkeep template check mail.html --text mail.txt "
    "--from 'News <news@example.com>' --subject 'Dear [[first_name:sealed|reader]]'"
)
def check(  # noqa: PLR0913 - each is an option
    file: TemplateFile,
    *,
    text: TextFile = None,
    sender: Sender = "",
    subject: Subject = "",
    reply_to: ReplyTo = "",
    to_name: ToName = "",
    output: Target = None,
    as_json: AsJson = False,
) -> None:
    """Read a template as a send would, and say all that it is refused for.

    Works without an instance. Shows the digest that names the template, whom it is
    from, what is filled in, and who learns that it was opened or clicked.
    """
    headers = Headers(sender, subject, reply_to, to_name)
    if output and not is_html(file):
        raise WrongUsage("an .eml file is one already", hint="leave --output out")
    found = load_template(file, text, headers, as_json=as_json)
    if output:
        _write_message(found, output)
    if as_json:
        write_json({"accepted": True} | _describe(found) | {"faults": []})
    else:
        _show(found)


def _write_message(template: "Template", target: Path) -> None:
    from listkeep.core.mail import write_template  # noqa: PLC0415 - starts fast

    try:
        with target.open("xb") as file:
            file.write(write_template(template))
    except FileExistsError as error:
        raise ConflictError(
            "there is such a file already",
            code=Code.ALREADY_EXISTS,
            hint="choose another name",
        ) from error
    except OSError as error:
        raise WrongUsage("the file cannot be written there") from error


class Headers(NamedTuple):
    """What an .html file does not say by itself."""

    sender: str = ""
    subject: str = ""
    reply_to: str = ""
    to_name: str = ""


def load_template(
    file: Path, text: Path | None, headers: Headers, *, as_json: bool = False
) -> "Template":
    """Read a template as a send would.

    Raises:
        MalformedError: It is refused; every reason was shown.
        WrongUsage: The options do not go with the kind of file.
    """
    from listkeep.core.mail import Draft, TemplateError  # noqa: PLC0415 - starts fast

    sender, subject, reply_to, to_name = headers
    draft = Draft("", "", sender, subject, reply_to, to_name)
    if not is_html(file) and (text or draft != Draft("", "", "", "")):
        raise WrongUsage(
            "an .eml file has its headers and its text in it",
            hint="leave --from, --subject, --text and the like out",
        )
    if is_html(file) and not (sender and subject):
        raise WrongUsage(
            "an .html file needs --from and --subject", hint="or give an .eml file"
        )
    try:
        return _make(file, text, draft) if is_html(file) else _parse(file)
    except TemplateError as error:
        _show_faults(error, as_json=as_json)
        count = plural(len(error.faults), "reason")
        raise MalformedError(
            f"the template is refused for {count}",
            code=Code.TEMPLATE_INVALID,
            hint="the guide templates.md says what is taken and why",
        ) from error


def is_html(file: Path) -> bool:
    """Tell a template of HTML, whose headers stand elsewhere, from a message."""
    return file.suffix.lower() in {".html", ".htm"}


def _parse(file: Path) -> "Template":
    from listkeep.core.mail import parse_template  # noqa: PLC0415 - starts fast

    return parse_template(_read(file))


def _make(file: Path, text: Path | None, draft: "Draft") -> "Template":
    from listkeep.core.mail import (  # noqa: PLC0415 - starts fast
        make_template,
        parse_template,
        write_template,
    )

    plain = _decode(_read(text)) if text else ""
    made = make_template(replace(draft, html=_decode(_read(file)), text=plain))
    # As the dock will read it: what it refuses should not be signed for first.
    return parse_template(write_template(made))


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as source:
            return source.read(MAX_BYTES)
    except (FileNotFoundError, IsADirectoryError) as error:
        raise WrongUsage("there is no such file") from error


def _decode(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MalformedError(
            "the file is not UTF-8", code=Code.TEMPLATE_INVALID, hint="save it as UTF-8"
        ) from error


def _show(template: "Template") -> None:
    described = _describe(template)
    slots = described.pop("slots")
    write_facts({name: value for name, value in described.items() if value})
    for slot in slots:
        fallback = f", else {slot['fallback']}" if slot["fallback"] else ""
        write(f"slot {slot['name']}: {slot['type']}{fallback}")
    if not any(letter.content_type == "text/plain" for letter in template.letters):
        note("there is no plain text: some people and some filters miss it")
        hint("give the same as text with --text")
    if not any(link.bears_alias for link in template.links):
        note(
            "no link has [[alias]] in it: nobody can unsubscribe by a link in the text"
        )


def _describe(template: "Template") -> dict[str, Any]:
    links = Counter(link.domain for link in template.links if link.kind == "link")
    return {
        "digest": template.digest,
        "from": _mailbox(template.sender.name, template.sender.address),
        "reply_to": _mailbox(template.reply_to.name, template.reply_to.address)
        if template.reply_to
        else "",
        "to_name": template.to_name_text,
        "subject": template.subject_text,
        "parts": [letter.content_type for letter in template.letters],
        "files": [
            f"{file.name or file.content_id or 'unnamed'} ({file.content_type}, "
            f"{plural(len(file.data), 'byte')})"
            for file in template.files
        ],
        "links": [f"{name} ({links[name]})" for name in template.link_domains],
        "tracking": list(template.tracking_domains),
        "not_taken_over": list(template.dropped),
        "slots": [
            {"name": slot.name, "type": str(slot.kind), "fallback": slot.fallback}
            for slot in template.slots.values()
        ],
    }


def _mailbox(name: str, address: str) -> str:
    return f"{name} <{address}>" if name else address


def _show_faults(error: "TemplateError", *, as_json: bool) -> None:
    if as_json:
        faults = [
            {"place": fault.place, "message": fault.message, "hint": fault.hint}
            for fault in error.faults
        ]
        write_json({"accepted": False, "faults": faults})
        return
    for fault in error.faults:
        advice = f" ({fault.hint})" if fault.hint else ""
        note(f"{fault.place}: {fault.message}{advice}")
