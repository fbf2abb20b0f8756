"""An old copy of the keeper's database is all that is left of it."""

from listkeep.core.canonical import digest
from listkeep.keeper.gate.endpoint import open_store
from listkeep.keeper.gate.people.recovering import Loss, find_loss, sign_recovery
from tests.keeper.world import World

_FILES = ("keeper.sqlite3", "keeper.sqlite3-wal", "keeper.sqlite3-shm")


def copy_database(world: World, name: str = "older") -> World:
    """Copy everything as it is now."""
    world.leave()
    copy = world.copy_to(world.home.parent / name)
    world.enter()
    return copy


def put_back(world: World, copy: World) -> None:
    """Put the database of a copy in place of the instance's own."""
    world.leave()
    for name in _FILES:
        (world.home / name).unlink(missing_ok=True)
        if (copy.home / name).exists():
            (world.home / name).write_bytes((copy.home / name).read_bytes())
    world.enter()


def look(world: World) -> Loss:
    """See what is lost."""
    world.enter()
    return find_loss(open_store())


def sign(world: World, *names: str) -> Loss:
    """Have custodians sign for what is lost, one after the other."""
    loss = look(world)
    for name in names:
        loss = accept(world, name, loss)
    return loss


def accept(world: World, name: str, loss: Loss) -> Loss:
    """Have one custodian sign for a loss as it was shown."""
    assertion = world.meet(name).sign_recovery(
        keeper=loss.facts["keeper"], recovery=digest(dict(loss.facts))
    )
    return sign_recovery(open_store(), assertion, now=world.now)


def recover(world: World) -> None:
    """Go on from what is left, as both custodians sign for; a minute later."""
    world.leave()
    world.enter()
    sign(world, "cleo", "cyrus")
    world.leave()
    world.wait(minutes=1)
    world._sessions.clear()  # nobody is signed in any more
    world.restart()


def unfreeze(world: World, one: str, two: str, kind: str = "export+reveal") -> None:
    """Lift a freeze: two of the side that it stands for."""
    view = world.ask(one, "unfreeze", {"classes": kind})
    world.sign(two, view, "approve")
