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
from listkeep.dock.lists.bulk import translated
from listkeep.dock.lists.keeper import get_keeper, read_service_key
from listkeep.dock.lists.reconciling import reconcile
from listkeep.dock.outlet.jobs import recover_exports
from listkeep.dock.pages.assets import assets

log = structlog.get_logger("listkeep.dock")
_OLDEST_POSTGRESQL = 150_000


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a dock that died had left behind."""

    imports: int
    exports: int


def migrate_database() -> None:
    """Make the database, or bring it to this code's version.

    Raises:
        ConflictError: A newer version has made it.
        MalformedError: It is on an engine that cannot hold lists.
        UnavailableError: It does not answer.
    """
    verify_engine()
    settings.LISTKEEP_HOME.mkdir(mode=0o700, parents=True, exist_ok=True)
    _verify_not_newer()
    call_command("migrate", verbosity=0, interactive=False)


def require_empty() -> None:
    """Refuse a database in which there are lists already, for a new instance.

    Raises:
        ConflictError: Another dock keeps its lists there.
        UnavailableError: It does not answer.
    """
    with translated():
        is_used = "entry" in connection.introspection.table_names()
    if is_used:
        raise ConflictError(
            "there is a dock in this database already",
            code=Code.ALREADY_EXISTS,
            hint="make an empty database for each instance",
        )


def check_instance() -> Recovered:
    """Check all the dock needs, then clear up after one that died.

    Call once, before serving, with `django.setup()` done.

    Raises:
        ConflictError: The database is newer or older than this code.
        MalformedError: The engine or the service key will not do.
        UnavailableError: The database does not answer.
        VerificationError: A file of the pages is not the one that was shipped.
    """
    assets()
    verify_engine()
    read_service_key(settings.LISTKEEP_SERVICE_KEY_FILE)
    verify_version()
    for folder in ("staging", "exports", "forms"):
        (settings.LISTKEEP_HOME / folder).mkdir(mode=0o700, exist_ok=True)
    recovered = Recovered(
        imports=recover_imports(keeper=get_keeper(), clock=timezone.now),
        exports=recover_exports(),
    )
    reconcile(settings.LISTKEEP_HOME, keeper=get_keeper(), now=timezone.now())
    if recovered.imports or recovered.exports:
        log.warning(
            "start.recovered", imports=recovered.imports, exports=recovered.exports
        )
    return recovered


def verify_engine() -> None:
    """Refuse a database on which imports or segments would fail later.

    Raises:
        MalformedError: PostgreSQL is too old, or its text is not UTF-8.
        UnavailableError: It does not answer.
    """
    if connection.vendor == "sqlite":
        return
    with translated(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('server_version_num')::int,"
            " current_setting('server_encoding')"
        )
        version, encoding = cursor.fetchone()
    if version < _OLDEST_POSTGRESQL or encoding != "UTF8":
        raise MalformedError(
            "the dock's database is not PostgreSQL 15 or newer with UTF-8",
            code=Code.CONFIG_INVALID,
            hint="upgrade the server, or make the database with ENCODING 'UTF8'",
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
