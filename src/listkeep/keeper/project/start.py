"""What has to be true before the keeper serves, and how an instance begins."""

from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

from listkeep.core.errors import Code, ConflictError, UnavailableError
from listkeep.keeper.gate.endpoint import make_store, open_gate, open_store
from listkeep.keeper.gate.people.founding import open_founding
from listkeep.keeper.gate.people.genesis import seal_genesis
from listkeep.keeper.pages.assets import assets
from listkeep.wire.messages import Assertion


def check_instance() -> None:
    """Refuse to serve a database this code does not fit, or a doubtful ledger.

    Raises:
        ConflictError: The database was made by a newer version.
        UnavailableError: Never initialised, not founded yet, or to be migrated.
        VerificationError: The ledger is not the one the key store wrote.
    """
    check_database()
    open_gate()


def check_database() -> None:
    """Refuse a database this code does not fit.

    Raises:
        ConflictError: It was made by a newer version.
        UnavailableError: There is none, or it needs migrating.
    """
    if not has_database():
        raise UnavailableError(
            "there is no instance here yet",
            hint="make one with `listkeep init`, or set LISTKEEP_HOME",
        )
    executor = MigrationExecutor(connection)
    known = set(executor.loader.disk_migrations)
    if set(executor.loader.applied_migrations) - known:
        raise ConflictError(
            "this instance was made by a newer version of Listkeep",
            code=Code.NEWER_VERSION,
            hint="upgrade Listkeep; a newer instance is never opened by older code",
        )
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise UnavailableError(
            "this instance needs to be migrated", hint="run `listkeep migrate`"
        )


def has_database() -> bool:
    """Tell whether tables of a keeper are there; makes none.

    Raises:
        UnavailableError: The database does not answer.
    """
    path = _file()
    if path is not None and not path.exists():
        return False  # looking would make the file
    try:
        return "ledger_head" in connection.introspection.table_names()
    except OperationalError as error:
        raise UnavailableError(
            "the keeper's database does not answer",
            hint="is it running, and may this user connect as keeper.toml says?",
        ) from error


def check_pages() -> None:
    """Refuse to serve pages that were changed, or whose signatures would not count.

    An instance that is being founded has pages, and nothing else yet.

    Raises:
        VerificationError: A file is not the one that was shipped.
        ConflictError: The genesis names another origin.
    """
    assets()
    origin = settings.CONFIG.seal_origin
    gate = open_founding(open_store()) or open_gate()
    with gate.look() as registry:
        origins = registry.party.origins
    if origin not in origins:
        raise ConflictError(
            "signatures made at seal_origin do not count in this instance",
            code=Code.CONFIG_INVALID,
            hint="set it in keeper.toml to the origin the instance began with; "
            "`listkeep ledger show` has it in the first entry",
        )


def prepare() -> None:
    """Make the tables, the key store and its root; safe to run again."""
    make_store()
    call_command("migrate", verbosity=0)
    if path := _file():
        path.chmod(0o600)


def take_back() -> None:
    """Remove the tables of a beginning that failed."""
    for room in ("gate", "ledger"):
        call_command("migrate", room, "zero", verbosity=0)


def _file() -> Path | None:
    is_file = connection.vendor == "sqlite"
    return Path(connection.settings_dict["NAME"]) if is_file else None


def begin(
    facts: dict[str, str], assertions: tuple[Assertion, Assertion], *, now: datetime
) -> None:
    """Seal the genesis both custodians signed."""
    seal_genesis(open_store(), facts, assertions, now=now)
