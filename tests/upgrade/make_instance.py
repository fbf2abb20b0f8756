"""Make an instance as a release makes it, and pack it for the test of upgrades.

Run it with the code of the release, before the next one changes what is kept:

    git archive RELEASE src | tar --extract --directory /tmp/release
    PYTHONPATH=/tmp/release/src .venv/bin/python -P tests/upgrade/make_instance.py \
        tests/upgrade/RELEASE.tar.xz

Then add the file's name to ``RELEASES`` in ``test_upgrade.py``. Keys in it open
nothing but 300 invented rows at reserved domains.
"""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import pyrage

from listkeep.cli.home import Instance
from listkeep.cli.running.children import own_command, own_environment
from listkeep.cli.running.supervisor import Supervisor
from listkeep.drill.stage import Stage
from listkeep.wire.keeper import KeeperClient

ROWS = 300
COMPLAINED = 9  # the number of the one who did
FACETS = ("country:text", "plan:text")
_NOT_KEPT = ("log", "exports", "staging")


def rows(first: int, count: int) -> bytes:
    """Write a file of invented people at a reserved domain."""
    lines = [
        f"person{number}@example.com,{'DE' if number % 3 else 'FR'},pro,Person {number}"
        for number in range(first, first + count)
    ]
    return "\n".join(("email,country,plan,name", *lines, "")).encode()


def main(target: Path) -> None:
    """Make it, live in it for a while, stop it and pack it."""
    folder = Path(tempfile.mkdtemp(prefix="lk-"))
    os.environ["LISTKEEP_HOME"] = str(folder / "var")
    _run(folder, "init")
    instance = Instance.open()
    with Supervisor(instance), instance.keeper() as keeper:
        _live(folder, instance, keeper)
    (folder / "var" / "keeper.sock").unlink(missing_ok=True)
    for name in _NOT_KEPT:
        shutil.rmtree(folder / "var" / name, ignore_errors=True)
    with tarfile.open(target, "w:xz") as archive:
        archive.add(folder, arcname=".", filter=_nobodys)
    shutil.rmtree(folder)


def _live(folder: Path, instance: Instance, keeper: KeeperClient) -> None:
    stage = Stage(
        people=instance.people,
        keeper=keeper,
        dock_service=instance.config.dock_service,
    )
    custodians, owners = ("cleo", "cyrus"), ("ada", "amir")
    for name in custodians:
        stage.enter(name)
    stage.sign_in(*custodians)
    stage.found_tenant("acme", custodians=custodians, owners=owners)
    stage.sign_in(*owners)
    stage.hire("ben", role="marketer", by=owners)
    stage.sign_in("ben")
    identity = pyrage.x25519.Identity.generate()
    (folder / "warehouse.age").write_text(str(identity))
    stage.add_recipient("warehouse", str(identity.to_public()), by=owners)
    (folder / "shop.key").write_text(stage.add_service("shop", kind="app", by=owners))
    (folder / "people.csv").write_bytes(rows(0, ROWS))
    for name in ("ada", "ben", "cleo"):
        _run(folder, "login", "--as", name)
    facets = [word for facet in FACETS for word in ("--facet", facet)]
    _run(folder, "list", "create", "newsletter", *facets, "--as", "ada")
    _run(folder, "import", "newsletter", "people.csv", "--as", "ben")
    look_up = ("lookup", "newsletter", "--json", "--as", "ben")
    found = json.loads(_run(folder, *look_up, stdin=f"person{COMPLAINED}@example.com"))
    suppress = ("suppress", "newsletter", found["token"], "--reason", "complained")
    _run(folder, *suppress, "--as", "ben")
    export = stage.agree(
        *("ben", "ada"),
        "export",
        list="newsletter",
        selection='country = "FR"',
        cap=200,
        recipient="warehouse",
    )
    _run(folder, "export", export.id, "--output", "copy.age", "--as", "ben")
    # One that waits: what is open goes on in the next version.
    stage.ask(
        *("ben", "export"),
        list="newsletter",
        selection="all",
        cap=500,
        recipient="warehouse",
        valid_seconds=24 * 3600,
    )


def _run(folder: Path, *words: str, stdin: str = "") -> str:
    done = subprocess.run(
        own_command(*words),
        env=own_environment(folder / "var"),
        cwd=folder,
        input=stdin,
        capture_output=True,
        check=False,
        text=True,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return done.stdout


def _nobodys(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
