"""Take a list back, or erase somebody, and die at a named step; run as a program."""

import os
import sys
from pathlib import Path
from typing import Any, NoReturn

import django
from django.conf import settings
from django.utils import timezone

from listkeep.dock.project.database import database_settings

RESTORE = ("resealing", "staged", "merged", "reported")
ERASE = ("before", "known")

if __name__ == "__main__":  # models can be imported once Django is ready
    settings.LISTKEEP_HOME = Path(sys.argv[2])
    if sys.argv[1].startswith("postgresql:"):
        known = database_settings(sys.argv[1], home=settings.LISTKEEP_HOME)
        settings.DATABASES = {"default": known}
    else:
        settings.DATABASES["default"]["NAME"] = sys.argv[1]
    django.setup()

from listkeep.core.sealing import OpenedRow, SealedRow, parse_token  # noqa: E402
from listkeep.dock.intake import restores  # noqa: E402
from listkeep.dock.intake.models import Restore  # noqa: E402
from listkeep.dock.lists import services as lists  # noqa: E402
from listkeep.dock.lists.access import enter_list  # noqa: E402
from listkeep.dock.outlet import erasures  # noqa: E402
from listkeep.wire import messages as m  # noqa: E402
from listkeep.wire.messages import erasures as e  # noqa: E402
from tests.fakes.keeper import FakeKeeper  # noqa: E402


class OtherKeys(FakeKeeper):
    """A keeper without this list's keys: it seals anew what it cannot open."""

    def _find_opened(self, record: m.ListRecord, row: SealedRow) -> OpenedRow | None:
        assert record.id
        assert row.sealed
        return OpenedRow("somebody@example.com", "[]")


class Forgetful(OtherKeys):
    """A keeper that has recorded an erasure when the dock dies."""

    def erase_entry(self, message: e.EraseEntry) -> None:
        super().erase_entry(message)
        die()


def main(list_id: str, step: str, argument: str) -> None:
    """Begin, and die; the argument is a moment, or a token."""
    keeper = Forgetful() if step == "known" else OtherKeys()
    ada = keeper.add_person("ada", "acme")
    keeper.lists[list_id] = m.ListRecord(
        id=list_id,
        tenant="acme",
        name="news",
        facets=("plan:text", "country:text"),
        fields=("name",),
        created_at="",
    )
    if step in ERASE:
        _erase(keeper, ada, list_id, step, parse_token(argument))
        return
    match step:
        case "resealing":
            keeper.break_at("reseal_rows", die)
        case "staged":
            lists.restore_staging = die
        case "merged":
            Restore.save = _die_when_done  # type: ignore[assignment,method-assign]
        case "reported":
            keeper.break_at("finish_restore", die)
    visit = enter_list(keeper, ada, list_name=list_id, right="touch")
    seen = restores.preview_restore(visit, moment=argument, clock=timezone.now)
    begun = restores.Begun(argument, seen.moment.latest, None)
    restore = restores.begin_restore(
        visit, begun=begun, keeper=keeper, clock=timezone.now
    )
    restores.run_restore(restore, visit=visit, keeper=keeper, clock=timezone.now)


def _erase(
    keeper: FakeKeeper, ada: m.Caller, list_id: str, step: str, token: bytes
) -> None:
    request = keeper.grant_erasure(list_id, token, keep=False)
    if step == "before":
        keeper.break_at("erase_entry", die)
    now = timezone.now()
    erasures.erase(ada, request=request, token=token, keeper=keeper, now=now)


def _die_when_done(self: Restore, **named: Any) -> None:
    """Let the merge go on, and die when it is about to be committed."""
    if self.state == Restore.State.DONE:
        die()
    super(Restore, self).save(**named)


def die(*_arguments: object, **_named: object) -> NoReturn:
    """Stop without a word, as when the power goes."""
    os._exit(9)


if __name__ == "__main__":
    main(*sys.argv[3:])
