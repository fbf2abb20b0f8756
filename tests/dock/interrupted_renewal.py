"""Renew the keys of lists and die at the n-th statement, as `kill -9` would."""

import json
import os
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import django
from django.conf import settings

from listkeep.dock.project.database import database_settings

if __name__ == "__main__":  # models can be imported once Django is ready
    settings.LISTKEEP_HOME = Path(sys.argv[2])
    if sys.argv[1].startswith("postgresql:"):
        known = database_settings(sys.argv[1], home=settings.LISTKEEP_HOME)
        settings.DATABASES = {"default": known}
    else:
        settings.DATABASES["default"]["NAME"] = sys.argv[1]
    django.setup()

from django.db import connection

from listkeep.dock.lists import renewals, shelves
from listkeep.wire import messages as m
from tests.fakes.keeper import FakeKeeper

PAGE_ROWS = 7  # so that few rows are many pages


def pack_keeper(keeper: FakeKeeper) -> str:
    """Write down what another process needs to be the same keeper."""
    return json.dumps(
        {
            "now": keeper.now.isoformat(),
            "keys": {name: key.hex() for name, key in keeper._keys.items()},
            "held": {
                name: [(number, at.isoformat()) for number, at in keys]
                for name, keys in keeper.held.items()
            },
            "entries": keeper.entries,
            "lists": {name: record.tenant for name, record in keeper.lists.items()},
        }
    )


def unpack_keeper(text: str) -> FakeKeeper:
    """Be the keeper that was written down."""
    facts = json.loads(text)
    keeper = FakeKeeper(now=datetime.fromisoformat(facts["now"]))
    keeper._keys = {name: bytes.fromhex(key) for name, key in facts["keys"].items()}
    keeper.held = {
        name: [(number, datetime.fromisoformat(at)) for number, at in keys]
        for name, keys in facts["held"].items()
    }
    keeper.entries = facts["entries"]
    keeper.lists = {
        name: m.ListRecord(
            id=name, tenant=tenant, name=name, facets=(), fields=(), created_at=""
        )
        for name, tenant in facts["lists"].items()
    }
    return keeper


def renew(keeper: FakeKeeper) -> int:
    """Run the sweep once."""
    shelves.PAGE_ROWS = PAGE_ROWS
    return renewals.Renewing(
        keeper,
        clock=lambda: keeper.now,
        keep_on=lambda: True,
        every=timedelta(days=30),
    ).run()


def main(keeper: str, statements: str) -> None:
    """Renew until so many statements were sent; then die, with the last one done."""
    left = int(statements)

    def count(execute: Any, *arguments: Any) -> Any:
        nonlocal left
        answer = execute(*arguments)
        left -= 1
        if left <= 0:
            os._exit(9)
        return answer

    with connection.execute_wrapper(count):
        renew(unpack_keeper(keeper))


if __name__ == "__main__":
    main(*sys.argv[3:])
