"""``listkeep migrate``: bring an instance's databases to this version."""

import os
from enum import StrEnum
from typing import Annotated

import typer

from listkeep.cli.home import Instance
from listkeep.cli.output import note
from listkeep.cli.running.children import run_own
from listkeep.cli.running.locks import only_one
from listkeep.core.errors import Code, ConflictError, UnavailableError


class Building(StrEnum):
    """A building with a database."""

    KEEPER = "keeper"
    DOCK = "dock"


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command(epilog="Example: listkeep migrate")(migrate)


def migrate(
    building: Annotated[
        Building | None, typer.Argument(help="Only this one.", show_default=False)
    ] = None,
    *,
    fresh: Annotated[
        bool, typer.Option(hidden=True, help="Refuse a dock's database in use.")
    ] = False,
) -> None:
    """Bring the databases of a stopped instance to this version of Listkeep.

    Copy the instance first: there is no way back.
    """
    if building is Building.KEEPER:
        _migrate_keeper()
    elif building is Building.DOCK:
        _migrate_dock(fresh=fresh)
    else:
        home = Instance.open().home
        for each in Building:  # one Django project per process
            run_own("migrate", each, home=home)
            note(f"the {each}'s database is up to date")


def _migrate_keeper() -> None:
    home = Instance.open().home
    with only_one(home, "keeper"):
        _begin("listkeep.keeper.project.settings")
        from django.db import connection  # noqa: PLC0415
        from django.db.migrations.loader import MigrationLoader  # noqa: PLC0415

        from listkeep.keeper.project.start import has_database, prepare  # noqa: PLC0415

        if not has_database():
            raise UnavailableError(
                "the keeper's database is missing",
                hint="put it back from a backup: a new one would not fit its keys",
            )
        loader = MigrationLoader(connection)
        if set(loader.applied_migrations) - set(loader.disk_migrations):
            raise ConflictError(
                "this instance was made by a newer version of Listkeep",
                code=Code.NEWER_VERSION,
                hint="upgrade Listkeep; a newer instance is never opened by older code",
            )
        prepare()


def _migrate_dock(*, fresh: bool) -> None:
    home = Instance.open().home
    with only_one(home, "dock"):
        _begin("listkeep.dock.project.settings")
        from listkeep.dock.project.start import (  # noqa: PLC0415
            migrate_database,
            require_empty,
        )

        if fresh:
            require_empty()
        migrate_database()


def _begin(settings_module: str) -> None:
    os.umask(0o077)
    os.environ["DJANGO_SETTINGS_MODULE"] = settings_module
    import django  # noqa: PLC0415

    django.setup()
