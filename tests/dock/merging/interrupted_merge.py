"""Send a campaign until somebody kills this; run as a program."""

import sys
import time
from pathlib import Path

import django
from django.conf import settings
from django.utils import timezone

from listkeep.dock.project.database import database_settings

if __name__ == "__main__":  # models can be imported once Django is ready
    settings.LISTKEEP_HOME = Path(sys.argv[2])
    if sys.argv[1].startswith("postgresql:"):
        known = database_settings(sys.argv[1], home=settings.LISTKEEP_HOME)
        settings.DATABASES = {"default": known}
    else:
        settings.DATABASES["default"]["NAME"] = sys.argv[1]
    django.setup()

from listkeep.dock.outlet.merging import running
from listkeep.dock.outlet.merging.models import MailMerge
from listkeep.dock.outlet.merging.running import Merger
from listkeep.wire import messages as m
from tests.dock.merging.fake_path import FakePath
from tests.fakes.keeper import FakeKeeper


def main(sent: str) -> None:
    """Go on with the one run there is, a few messages at once."""
    running.PAGE = 7  # type: ignore[misc]
    run = MailMerge.objects.get()
    keeper = FakeKeeper()
    keeper.lists[run.list_id] = m.ListRecord(
        id=run.list_id,
        tenant="acme",
        name="news",
        facets=("plan:text", "country:text"),
        fields=("name",),
        created_at="",
    )
    keeper.grant_send(run.list_id, request=run.request)
    keeper.started.add(run.request)
    path = FakePath(Path(sent), now=lambda: int(time.time()))
    path.send = next(iter(keeper.sends.values()))
    path.before_sending = path.after_sending = lambda: time.sleep(0.002)
    merger = Merger(
        path=path,
        keeper=keeper,
        clock=timezone.now,
        keep_on=lambda: True,
        elapsed=time.monotonic,
    )
    print("ready", flush=True)  # noqa: T201
    while MailMerge.objects.get().state == "running":
        merger.tick()


if __name__ == "__main__":
    main(sys.argv[3])
