"""Before the dock serves anything: is this an instance this code can serve?"""

from dataclasses import dataclass

import structlog
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from listkeep.core.errors import Code, ConflictError, MalformedError
from listkeep.dock.intake.jobs import recover_imports
from listkeep.dock.lists.keeper import get_keeper, read_service_key
from listkeep.dock.outlet.jobs import recover_exports
from listkeep.dock.pages.assets import stylesheet

log = structlog.get_logger("listkeep.dock")


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a dock that died had left behind."""

    imports: int
    exports: int


def migrate_database() -> None:
    """Make the database, or bring it to this code's version.

    Raises:
        ConflictError: A newer version has made it.
        MalformedError: It is on an engine that cannot hold lists yet.
    """
    verify_engine()
    settings.LISTKEEP_HOME.mkdir(mode=0o700, parents=True, exist_ok=True)
    _verify_not_newer()
    call_command("migrate", verbosity=0, interactive=False)


def check_instance() -> Recovered:
    """Check all the dock needs, then clear up after one that died.

    Call once, before serving, with `django.setup()` done.

    Raises:
        ConflictError: The database is newer or older than this code.
        MalformedError: The engine or the service key will not do.
        VerificationError: A file of the pages is not the one that was shipped.
    """
    stylesheet()
    verify_engine()
    read_service_key(settings.LISTKEEP_SERVICE_KEY_FILE)
    verify_version()
    for folder in ("staging", "exports"):
        (settings.LISTKEEP_HOME / folder).mkdir(mode=0o700, exist_ok=True)
    recovered = Recovered(
        imports=recover_imports(keeper=get_keeper(), clock=timezone.now),
        exports=recover_exports(),
    )
    if recovered.imports or recovered.exports:
        log.warning(
            "start.recovered", imports=recovered.imports, exports=recovered.exports
        )
    return recovered


def verify_engine() -> None:
    """Refuse an engine on which imports would fail later.

    Raises:
        MalformedError: The database is not SQLite.
    """
    if connection.vendor != "sqlite":
        raise MalformedError(
            "the dock cannot import into PostgreSQL yet",
            code=Code.CONFIG_INVALID,
            hint='leave `database` in dock.toml empty: database = ""',
        )


def verify_version() -> None:
    """Refuse a database that another version of this code has made.

    Raises:
        ConflictError: It is newer, or has not been migrated.
    """
    loader = _verify_not_newer()
    if set(loader.graph.nodes) - set(loader.applied_migrations):
        raise ConflictError(
            "the dock's database is of an older version",
            code=Code.OLDER_VERSION,
            hint="run `listkeep migrate`",
        )


def _verify_not_newer() -> MigrationLoader:
    loader = MigrationLoader(connection)
    ours = {label for label, _ in loader.graph.nodes}
    unknown = [
        name
        for name in loader.applied_migrations
        if name not in loader.graph.nodes and name[0] in ours
    ]
    if unknown:
        raise ConflictError(
            "the dock's database was made by a newer version of Listkeep",
            code=Code.NEWER_VERSION,
            hint="install that version again; a database is not taken back",
        )
    return loader
