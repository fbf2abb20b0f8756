"""Let every thief try, on a live instance, and say what each carried off."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from listkeep.core.canonical import parse
from listkeep.wire import messages as m
from listkeep.wire.keeper import KeeperClient

from .intruders import abuse_insider, steal_app_key, steal_session
from .loot import Loot
from .people import SoftwarePerson
from .scene import Scene
from .thieves import steal_database, steal_dock_disk

INSIDER = "insider"
FOOTHOLDS = {
    "database": "all databases, logs and temporary files, but not the key store",
    "dock_disk": "everything on the dock's disk, its own key included",
    "session": "a signed-in marketer's session, from another machine",
    "app_key": "the key of the ESP's application",
    INSIDER: "a marketer with an own passkey, alone and greedy",
}
_MAX_BODY = 65_536


@dataclass(frozen=True, kw_only=True, slots=True)
class Stolen:
    """What the thieves start from."""

    session: str  # a marketer's, carried by the dock
    app_key: str
    insider: SoftwarePerson
    insider_direct: str
    insider_carried: str


def play_thieves(
    scene: Scene, stolen: Stolen, *, told: Callable[[str, Loot], None]
) -> dict[str, Loot]:
    """Let each thief try in turn; the disks are stolen last, when most is on them."""
    thieves: dict[str, Callable[[], Loot]] = {
        "session": lambda: steal_session(scene, stolen.session),
        "app_key": lambda: steal_app_key(scene, stolen.app_key),
        INSIDER: lambda: abuse_insider(
            scene,
            stolen.insider,
            direct=stolen.insider_direct,
            carried=stolen.insider_carried,
        ),
        "database": lambda: steal_database(scene),
        "dock_disk": lambda: steal_dock_disk(scene),
    }
    found = {}
    for name, steal in thieves.items():
        found[name] = steal()
        told(name, found[name])
    return {name: found[name] for name in FOOTHOLDS}


def count_revealed(keeper: KeeperClient, session: str, *, person: str) -> int:
    """Count the addresses the ledger says one person had revealed."""
    asked: set[str] = set()
    opened = 0
    for fields in read_bodies(keeper, session):
        event, request = fields["event"], fields.get("request", "")
        if event == "reveal.intended" and fields["person"] == person:
            asked.add(request)
        if event == "reveal.completed" and request in asked:
            opened += int(fields["rows"])
    return opened


def read_bodies(keeper: KeeperClient, session: str) -> Iterable[dict[str, str]]:
    """Read every entry this session may read."""
    start = 0
    while True:
        page = keeper.read_ledger(m.ReadLedger(session=session, start=start))
        if not page.entries:
            return
        for entry in page.entries:
            if entry.body:
                yield parse(entry.body, max_bytes=_MAX_BODY)
        start = page.entries[-1].index + 1
