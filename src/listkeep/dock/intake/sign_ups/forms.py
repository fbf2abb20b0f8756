"""Forms the dock shows for a list, each with the intake key its sign-ups come under.

A form is one file, `forms/ID.json`, that only the dock's user reads. It holds a
credential, so it is in no table and no backup (`docs/adr/0037`, `docs/adr/0076`);
closing the form removes it, and revoking the service makes it worthless.
"""

import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
from django.conf import settings

from listkeep.core.errors import Code, ConflictError, MalformedError, UnavailableError
from listkeep.dock.lists.access import Visit, not_found
from listkeep.wire.identifiers import new_id

from .asking import require_intake

FOLDER: Final = "forms"
MAX_FORMS: Final = 20
_ID: Final = re.compile(r"f_[a-z2-7]{12}")
_ORIGIN: Final = re.compile(
    r"(https://[a-z0-9.-]+|http://([a-z0-9-]+\.)*localhost)(:[0-9]{1,5})?"
)
_USUAL: Final = (":80", ":443")  # browsers leave them out


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """What a form shows, and on whose behalf it takes sign-ups."""

    id: str
    list: str
    service: str
    title: str
    text: str
    fields: dict[str, str]  # sealed fields that are asked for, and their labels
    origins: tuple[str, ...]  # sites whose own forms may send to this one
    made_at: str
    key: str

    def __repr__(self) -> str:
        """Name the form, without its key."""
        return f"Form({self.id})"


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """What whoever makes a form says of it."""

    title: str
    text: str
    fields: Mapping[str, str]
    origins: Sequence[str]


def make_form(visit: Visit, words: Words, *, now: datetime) -> Form:
    """Make a form for a list, with the key of the intake service that asks.

    Raises:
        RefusedError: It is no intake service that asks.
        MalformedError: The list seals no such field, or a site is written wrongly.
        ConflictError: The list has as many forms as it may.
        UnavailableError: The form cannot be written down.
    """
    require_intake(visit)
    if unknown := set(words.fields) - set(visit.record.fields):
        raise MalformedError(
            f"the list seals no field {min(unknown)}",
            hint="`listkeep list show LIST` names the sealed fields; a form has no "
            "facets",
        )
    if len(show_forms(visit.record.id)) >= MAX_FORMS:
        raise ConflictError(
            f"the list has {MAX_FORMS} forms", hint="close one with `listkeep form rm`"
        )
    form = Form(
        id=new_id("f"),
        list=visit.record.id,
        service=visit.principal.id,
        title=words.title,
        text=words.text,
        fields=dict(words.fields),
        origins=tuple(_parse_origin(each) for each in words.origins),
        made_at=now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        key=visit.caller.service_key,
    )
    _write(form)
    return form


def find_form(form_id: str) -> Form | None:
    """Find an open form.

    Raises:
        UnavailableError: It is there and cannot be read.
    """
    if not _ID.fullmatch(form_id):
        return None
    try:
        return msgspec.json.decode(_path(form_id).read_bytes(), type=Form)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError):
        pass  # raised below: the text of a decoding error quotes the file
    raise _unreadable()


def show_forms(list_id: str) -> list[Form]:
    """Show the open forms of a list, oldest first.

    Raises:
        UnavailableError: One of them cannot be read.
    """
    names = sorted(path.stem for path in _folder().glob("f_*.json"))
    found = [form for name in names if (form := find_form(name)) is not None]
    mine = [form for form in found if form.list == list_id]
    return sorted(mine, key=lambda form: (form.made_at, form.id))


def close_form(list_id: str, form_id: str) -> Form:
    """Close a form of a list, and give it; its key is removed with it.

    Raises:
        RefusedError: The list has no such form.
    """
    form = find_form(form_id)
    if form is None or form.list != list_id:
        raise not_found("form")
    with suppress(FileNotFoundError):
        _path(form_id).unlink()
    return form


def _parse_origin(text: str) -> str:
    """Read an origin as browsers write it: scheme, host, and a port if it is odd."""
    if not _ORIGIN.fullmatch(text) or text.endswith(_USUAL):
        raise MalformedError(
            "a site is written as browsers name it",
            hint="as in https://www.example.com, without a path",
        )
    return text


def _folder() -> Path:
    home: Path = settings.LISTKEEP_HOME
    return home / FOLDER


def _path(form_id: str) -> Path:
    return _folder() / f"{form_id}.json"


def _write(form: Form) -> None:
    """Write a form down; all of it or nothing, and for nobody else to read."""
    path = _path(form.id)
    draft = path.with_suffix(".new")
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(form))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink()
        raise UnavailableError(
            "the form cannot be written down",
            code=Code.DOCK_UNAVAILABLE,
            hint="look whether the disk is full",
        ) from error


def _unreadable() -> UnavailableError:
    return UnavailableError(
        "a form cannot be read", code=Code.DOCK_UNAVAILABLE, hint="make it anew"
    )
