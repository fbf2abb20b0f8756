"""``listkeep status``: what runs, of which version, and which walls there are."""

from typing import Any

import typer

from listkeep import __version__
from listkeep.cli.home import Instance
from listkeep.cli.output import AsJson, hint, note, show
from listkeep.cli.running.supervisor import awaits_founding, greets
from listkeep.cli.running.walls import is_walled
from listkeep.core.errors import ListkeepError, UnavailableError

EXIT_KEEPER_AWAY = UnavailableError.exit_status
NO_WALL = "keeper and dock run as the same user: there is no wall between them"
LANDLOCK = (
    "keeper and dock run as the same user: Landlock keeps the others out of its files"
)
A_WALL = "keeper and dock run as different users"


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command(epilog="Example: listkeep status --json")(status)


def status(*, as_json: AsJson = False) -> None:
    """Say what runs. Exit status 6 when the keeper does not."""
    instance = Instance.open()
    keeper, dock = _ask_keeper(instance), _ask_dock(instance)
    protection = _ask_process(instance)
    found: dict[str, Any] = {
        "instance": str(instance.home),
        "profile": instance.config.profile,
        "genesis": instance.config.genesis,
        "ledger_key": instance.config.ledger_key,
        "version": __version__,
        "keeper": keeper,
        "dock": dock,
        "wall": wall(instance),
        "protection": protection,
    }
    if instance.drop.proxy:
        found["proxy"] = _ask_proxy(instance.drop.proxy)
    if as_json:
        show(found, as_json=True)
    else:
        found["keeper"], found["dock"] = _sentence(keeper), _sentence(dock)
        found["protection"] = _protection(protection)
        if "proxy" in found:
            found["proxy"] = _sentence(found["proxy"])
        show(found, as_json=False)
    if keeper["running"]:
        return
    if awaits_founding(instance.seal):
        note("nobody has founded this instance yet: both custodians open their links")
        hint("`listkeep up` printed them; it goes on by itself once both have signed")
    else:
        note("the keeper is not running")
        hint("start it with `listkeep up`")
    raise typer.Exit(EXIT_KEEPER_AWAY)


def wall(instance: Instance) -> str:
    """Say plainly whether a wall stands between keeper and dock.

    Who owns the key store and the dock's database is who runs the buildings, also
    while they are away.
    """
    try:
        users = {
            (instance.home / name).stat().st_uid for name in ("keys", "dock.sqlite3")
        }
    except OSError:  # the other side's folder, or a database elsewhere
        return A_WALL
    if len(users) > 1:
        return A_WALL
    return LANDLOCK if is_walled(instance.home) else NO_WALL


def _ask_keeper(instance: Instance) -> dict[str, Any]:
    where = {"running": False, "at": str(instance.socket)}
    try:
        with instance.keeper() as keeper:
            health = keeper.health()
    except UnavailableError:
        return where
    return {
        **where,
        "running": True,
        "version": health.version,
        "id": health.keeper,
        "ledger_entries": health.ledger_size,
    }


def _ask_dock(instance: Instance) -> dict[str, Any]:
    where = {"running": False, "at": instance.config.dock}
    try:
        with instance.dock() as dock:
            health = dock.health()
    except UnavailableError:
        return where
    return {
        **where,
        "running": True,
        "version": health.version,
        "reaches_keeper": health.keeper,
    }


def _ask_proxy(proxy: tuple[str, int]) -> dict[str, Any]:
    """Greet the delivery proxy; it says nothing more to strangers."""
    host, port = proxy
    return {"running": greets(proxy), "at": f"{host}, port {port}"}


def _ask_process(instance: Instance) -> dict[str, Any]:
    """Ask the keeper's process what protects it; an older version says nothing."""
    try:
        with instance.keeper() as keeper:
            facts = keeper.process()
    except ListkeepError:
        return {}
    return {
        "core_dumps": facts.core_dumps,
        "memory_locked": facts.memory_locked,
        "root": facts.root,
        "root_answers": facts.root_answers,
        "renewals_overdue": facts.renewals_overdue,
    }


def _protection(found: dict[str, Any]) -> str:
    if not found:
        return "unknown"
    root = "answers" if found["root_answers"] else "does not answer"
    overdue = found["renewals_overdue"]
    late = (f"{overdue:,} lists under a key that should be gone",) if overdue else ()
    return ", ".join(
        (
            "a crash could write keys to a disk"
            if found["core_dumps"]
            else "no core dumps",
            "memory locked"
            if found["memory_locked"]
            else "memory not locked: keys may reach the swap",
            f"root: {found['root']}, {root}",
            *late,
        )
    )


def _sentence(found: dict[str, Any]) -> str:
    if not found["running"]:
        return f"not running (at {found['at']})"
    if "version" not in found:
        return f"running, at {found['at']}"
    parts = [f"running, version {found['version']}, at {found['at']}"]
    if "ledger_entries" in found:
        parts.append(f"{found['ledger_entries']:,} ledger entries")
    elif not found["reaches_keeper"]:
        parts.append("does not reach the keeper")
    return ", ".join(parts)
