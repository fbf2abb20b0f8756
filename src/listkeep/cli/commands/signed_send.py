"""What people signed of a send, beside what is typed when it begins.

A list and a segment may be named once more; others than were signed for begin nothing.
HTML becomes the message it was signed as: sender, reply address and subject line are
those of the terms. The dock looks at all of this again, and decides.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from listkeep.cli.home import Instance
from listkeep.cli.output import WrongUsage
from listkeep.cli.signing import read_terms
from listkeep.core.errors import Code, RefusedError
from listkeep.core.grants import Action, Terms

from .template import Headers, is_html, load_template

if TYPE_CHECKING:
    from listkeep.wire.dock import DockClient

_MOST_BYTES = 25 * 1024 * 1024


class Named(NamedTuple):
    """What was typed of a send, beside its request."""

    list: str = ""
    segment: str = ""


class TemplateFiles(NamedTuple):
    """A template as it lies on a disk."""

    file: Path | None
    text: Path | None = None
    subject: str = ""
    to_name: str = ""

    @property
    def is_html(self) -> bool:
        """Whether its headers stand elsewhere."""
        return self.file is not None and is_html(self.file)


def get_terms(instance: Instance, request: str, *, name: str) -> Terms:
    """Read what was signed for.

    Raises:
        RefusedError: There is no such request for this person, or it is no send.
    """
    from .request import find_request  # noqa: PLC0415 - most sends need no terms

    terms = read_terms(instance, find_request(instance, request, name=name))
    if terms.action is not Action.SEND:
        raise _differs("it is no send")
    return terms


def verify_named(named: Named, terms: Terms, dock: "DockClient") -> None:
    """Hold a list and a segment against what was signed.

    Raises:
        RefusedError: They are others.
    """
    from listkeep.core.segments import Schema, parse_segment  # noqa: PLC0415 - lark

    if named.list and dock.show_list(named.list).id != terms.list:
        raise _differs("it is for another list")
    if named.segment:
        schema = Schema.parse(dock.show_list(terms.list).facets)
        if parse_segment(named.segment, schema).format() != terms.selection:
            raise _differs(f"it is for another segment: {terms.selection}")


def read_template(files: TemplateFiles, terms: Terms | None) -> bytes:
    """Read a template as the message that is handed over.

    Raises:
        WrongUsage: There is no such file, or options do not go with its kind.
        MalformedError: HTML is refused as a template; every reason was shown.
    """
    file, *rest = files
    if file is None or not files.is_html or terms is None:
        if any(rest) or file is None:
            raise WrongUsage(
                "an .eml file has its headers and its text in it",
                hint="leave --text, --subject and --to-name out",
            )
        return _read(file)
    from listkeep.core.mail import write_template  # noqa: PLC0415 - starts fast

    headers = _headers(files, terms.subject_fields())
    return write_template(load_template(file, files.text, headers))


def _headers(files: TemplateFiles, said: Mapping[str, str]) -> Headers:
    return Headers(
        _quoted(said.get("from", "")),
        files.subject or said.get("title", ""),
        _quoted(said.get("reply_to", "")),
        files.to_name,
    )


def _quoted(mailbox: str) -> str:
    """Write a mailbox of the terms as headers do, where a comma separates two."""
    name, bracket, rest = mailbox.rpartition(" <")
    return f'"{name}" <{rest}' if bracket else mailbox


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except (FileNotFoundError, IsADirectoryError) as error:
        raise WrongUsage("there is no such template file") from error
    if len(data) > _MOST_BYTES:
        raise WrongUsage("the template is larger than 25 MiB")
    return data


def _differs(what: str) -> RefusedError:
    return RefusedError(
        f"this is not what was signed for: {what}",
        code=Code.NOT_PERMITTED,
        hint="`listkeep request show` has the terms; ask for a send of its own",
    )
