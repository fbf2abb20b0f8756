"""``listkeep form``: sign-up forms that the dock shows for a list."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from listkeep.cli.home import Instance
from listkeep.cli.output import (
    AsJson,
    WrongUsage,
    hint,
    note,
    show_rows,
    write,
    write_json,
)
from listkeep.cli.sessions import As, load_session

from .lists import ListName

if TYPE_CHECKING:  # an HTTP library costs more time than most commands take
    from listkeep.wire.dock.sign_up_forms import DockForm

app = typer.Typer(no_args_is_help=True, help="Sign-up forms, for links and websites.")

_LONGEST_KEY = 600
_COLUMNS = ("id", "title", "url", "origins", "service", "made_at")


def register(program: typer.Typer) -> None:
    """Add the commands."""
    program.add_typer(app, name="form")


@app.command(
    epilog="Example: listkeep form make news --title 'Our news' --key-file intake.key"
)
def make(  # noqa: PLR0913 - each is an option
    list_name: ListName,
    *,
    title: Annotated[str, typer.Option(help="What stands over the form.")],
    key_file: Annotated[
        Path,
        typer.Option(
            metavar="FILE", help="The key of an `intake` service; the dock keeps it."
        ),
    ],
    text: Annotated[str, typer.Option(help="What people sign up for.")] = "",
    field: Annotated[
        list[str],
        typer.Option(
            metavar="NAME=LABEL", help="A sealed field that is asked for, at most ten."
        ),
    ] = [],  # noqa: B006 - never changed
    origin: Annotated[
        list[str],
        typer.Option(
            metavar="SITE",
            help="A site whose own forms may send here, as in https://www.example.com.",
        ),
    ] = [],  # noqa: B006 - never changed
    as_json: AsJson = False,
) -> None:
    """Make a form and print its address, for links to it."""
    instance = Instance.open()
    with instance.dock(_read_key(key_file)) as dock:
        made = dock.make_form(
            list_name,
            title=title,
            text=text,
            fields=dict(_parse_field(each) for each in field),
            origins=origin,
        )
    if as_json:
        write_json(_describe(made))
    else:
        write(made.url)
    note(f"made the form {made.id}")
    hint("it asks by mail under a standing send with the trigger `sign-up`")


@app.command("ls", epilog="Example: listkeep form ls news --json")
def show_all(list_name: ListName, *, name: As = "", as_json: AsJson = False) -> None:
    """Show the open forms of a list."""
    instance = Instance.open()
    session = load_session(instance, name)
    with instance.dock(session.dock) as dock:
        rows = [_describe(each) for each in dock.show_forms(list_name)]
    show_rows(rows, _COLUMNS, as_json=as_json)


@app.command("rm", epilog="Example: listkeep form rm news f_mzxw6ytboi5a")
def remove(
    list_name: ListName,
    form: Annotated[str, typer.Argument(metavar="FORM", show_default=False)],
    *,
    name: As = "",
) -> None:
    """Close a form: its page is gone, and the dock forgets the key."""
    instance = Instance.open()
    session = load_session(instance, name)
    with instance.dock(session.dock) as dock:
        closed = dock.close_form(list_name, form)
    note(f"closed the form {closed.id}")
    hint("whoever signed up and has a message can still confirm")


def _read_key(path: Path) -> str:
    try:
        with path.open("rb") as file:
            key = file.read(_LONGEST_KEY).decode("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUsage("there is no key in that file") from error
    if not key.startswith("lkk_"):
        raise WrongUsage(
            "there is no key in that file",
            hint="`listkeep service add NAME --kind intake` prints one",
        )
    return key


def _parse_field(text: str) -> tuple[str, str]:
    name, sign, label = text.partition("=")
    if not sign or not label:
        raise WrongUsage("a field is written as NAME=LABEL")
    return name, label


def _describe(form: "DockForm") -> dict[str, Any]:
    return {**msgspec.structs.asdict(form), "origins": list(form.origins)}
