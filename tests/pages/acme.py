"""Everybody at acme, in a kept demo, and something of theirs for every address."""

from collections.abc import Iterator
from io import BytesIO
from typing import Final

import pytest

from listkeep.cli.commands.restore import find_moment
from listkeep.cli.home import Instance
from listkeep.drill.people import SoftwarePerson
from listkeep.drill.stage import Stage
from listkeep.wire import messages as m
from listkeep.wire.dock import DockClient
from tests.pages.kept import Kept

# By the names they have in a kept demo; support looks under a consent.
WHO: Final = {
    "nobody": "",
    "outsider": "olga",
    "marketer": "ben",
    "agency": "nina",
    "owner": "ada",
    "support": "sam",
    "custodian": "cleo",
}
SLOTS: Final = {
    "console": {
        "/lists/": "list",
        "/sends/": "send",
        "/requests/": "asked",
        "/incidents/": "incident",
        "/assets/": "css",
    },
    "dock": {"/assets/": "css"},
    "keeper": {
        "/requests/": "asked",
        "/reveal/": "asked",
        "/ask/": "export",
        "/static/": "css",
    },
}


@pytest.fixture(scope="session")
def acme(kept: Kept) -> Instance:
    """The demo's instance; another one may be open in the same run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LISTKEEP_HOME", str(kept.home))
        return Instance.open()


@pytest.fixture(scope="session")
def stage(acme: Instance) -> Iterator[Stage]:
    """The people of the demo, each with the passkey of their terminal."""
    with acme.keeper() as keeper:
        stage = Stage(
            people=acme.people,
            keeper=keeper,
            dock_service=acme.config.dock_service,
        )
        for name in filter(None, WHO.values()):
            stage.people[name] = SoftwarePerson.load(acme.people, name)
            stage.sign_in(name)
        yield stage


@pytest.fixture(scope="session")
def names(acme: Instance, stage: Stage) -> dict[str, str]:
    """What there is at acme, most of it Ben's."""
    asked = {"list": "newsletter", "selection": "all", "recipient": "warehouse"}
    granted = stage.ask("ben", "export", cap=3, purpose="a walk", **asked)
    stage.sign("ada", granted, "approve")
    waiting = stage.ask("ben", "export", cap=2, purpose="another walk", **asked)
    with acme.dock(stage.carried["ben"]) as dock:
        found = dock.show_list("newsletter")
        run, source = dock.run_export(granted.id), dock.begin_import(found.id)
        restore = _undo_of_ben(dock, found.id)
        digest = dock.show_shelf(found.id)[0].digest
    with acme.dock(stage.carried["ada"]) as dock:
        incident = dock.show_incidents()[0].id
    return {
        **dict.fromkeys(("list", "list_id"), found.id),
        **dict.fromkeys(("send", "request_id"), _send_of_ben(acme, stage)),
        **dict.fromkeys(("incident", "incident_id"), incident),
        "asked": waiting.id,
        "granted": granted.id,
        "run_id": run.id,
        "import_id": source.id,
        "restore_id": restore,
        "digest": digest,
        "index": "9",
        "export": "export",
        "css": "listkeep.css",
        "form_id": "f" * 26,
        "alias": "a" * 26,
        "proof": "b" * 26,
    }


def _undo_of_ben(dock: DockClient, list_id: str) -> str:
    """Have Ben bring in somebody, and begin to take that back."""
    source = dock.begin_import(list_id)
    content = b"E-mail\nwalker@example.com\n"
    dock.send_file(source.id, BytesIO(content), size_bytes=len(content))
    number = next(dock.read_history(list_id)).number
    moment = find_moment(dock, list_id, to="", before=number)
    seen = dock.preview_restore(list_id, moment, before=number)
    return dock.begin_restore(list_id, moment, latest=seen.latest, before=number).id


def _send_of_ben(acme: Instance, stage: Stage) -> str:
    with acme.keeper() as keeper:
        message = m.ShowRequest(session=stage.direct["ben"])
        views = keeper.show_requests(message).requests
    return next(each.id for each in views if "weekly" in each.facts["purpose"])


def fill(building: str, path: str, names: dict[str, str]) -> str:
    """Put what there is into an address."""
    for start, name in SLOTS.get(building, {}).items():
        if path.startswith(start):
            path = path.replace("{name}", names[name])
    return path.format(**names)
