"""Import a file and die at a named step, as `kill -9` would; run as a program."""

import os
import sys
from io import BytesIO
from pathlib import Path
from typing import NoReturn

import django
from django.conf import settings
from django.utils import timezone

from listkeep.dock.project.database import database_settings

STEPS = ("sealing", "aside", "staged", "merged", "reported")
ROWS = 20_000

if __name__ == "__main__":  # models can be imported once Django is ready
    settings.LISTKEEP_HOME = Path(sys.argv[2])
    if sys.argv[1].startswith("postgresql:"):
        known = database_settings(sys.argv[1], home=settings.LISTKEEP_HOME)
        settings.DATABASES = {"default": known}
    else:
        settings.DATABASES["default"]["NAME"] = sys.argv[1]
    django.setup()

from listkeep.dock.intake import receiving, services  # noqa: E402
from listkeep.dock.intake.receiving import Upload  # noqa: E402
from listkeep.dock.lists import services as lists  # noqa: E402
from listkeep.dock.lists.access import enter_list  # noqa: E402
from listkeep.wire import messages as m  # noqa: E402
from tests.fakes.keeper import FakeKeeper  # noqa: E402


def main(list_id: str, step: str) -> None:
    """Begin an import into a list that is there, and die."""
    keeper = FakeKeeper()
    ada = keeper.add_person("ada", "acme")
    keeper.lists[list_id] = m.ListRecord(
        id=list_id,
        tenant="acme",
        name="news",
        facets=("plan:text", "country:text"),
        fields=("name",),
        created_at="",
    )
    match step:
        case "sealing":
            keeper.break_at("seal_rows", die, after=2)
        case "aside":
            receiving._ASIDE_BYTES = 0  # type: ignore[misc]
            keeper.break_at("seal_rows", die, after=2)
        case "staged":
            lists.merge_staging = die
        case "merged":
            keeper.break_at("suppress", die)
        case "reported":
            keeper.break_at("finish_import", die)
    visit = enter_list(keeper, ada, list_name=list_id, right="touch")
    source = services.begin_import(
        visit,
        file_format="auto",
        mapping={},
        request=None,
        keeper=keeper,
        clock=timezone.now,
    )
    upload = Upload(BytesIO(CONTENT).read, size_bytes=len(CONTENT))
    services.receive_file(
        source, visit=visit, upload=upload, keeper=keeper, clock=timezone.now
    )


CONTENT = "\n".join(
    [
        "E-mail,Plan,Country,Name,Status",
        *(f"u{i}@example.com,pro,DE,U,unsubscribed" for i in range(ROWS)),
    ]
).encode()


def die(*_arguments: object, **_named: object) -> NoReturn:
    """Stop without a word, as when the power goes."""
    os._exit(9)


if __name__ == "__main__":
    main(*sys.argv[3:])
