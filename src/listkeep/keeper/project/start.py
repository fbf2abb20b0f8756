"""What has to be true before the keeper serves, and how an instance begins."""

from datetime import datetime

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from listkeep.core.errors import Code, ConflictError, UnavailableError
from listkeep.keeper.gate.endpoint import make_store, open_gate, open_store
from listkeep.keeper.gate.genesis import seal_genesis
from listkeep.keeper.pages.assets import assets
from listkeep.wire.messages import Assertion


def check_instance() -> None:
    """Refuse to serve a database this code does not fit, or a doubtful ledger.

    Raises:
        ConflictError: The database was made by a newer version.
        UnavailableError: The instance was never initialised, or needs migrating.
        VerificationError: The ledger is not the one the key store wrote.
    """
    if not settings.DATABASE.exists():
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
    open_gate()


def check_pages() -> None:
    """Refuse to serve pages that were changed, or whose signatures would not count.

    Raises:
        VerificationError: A file is not the one that was shipped.
        ConflictError: The genesis names another origin.
    """
    assets()
    origin = settings.CONFIG.seal_origin
    if origin not in open_gate().party.origins:
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
    settings.DATABASE.chmod(0o600)


def begin(
    facts: dict[str, str], assertions: tuple[Assertion, Assertion], *, now: datetime
) -> None:
    """Seal the genesis both custodians signed."""
    seal_genesis(open_store(), facts, assertions, now=now)
