"""``listkeep demo --keep``: an instance with a story in it, which stays.

The file of its people's passkeys is what makes it one: it is written last, and whoever
has its link can be each of them, in any browser. Keeper and pages know such a file in
profile ``demo`` only.
"""

import hashlib
import os
import secrets
from pathlib import Path

from listkeep.cli.home import Instance, write_private, write_private_json
from listkeep.cli.origins import APP_PORT, DOCK_PORT, SEAL_PORT
from listkeep.cli.output import note
from listkeep.cli.running.children import run_own
from listkeep.cli.running.locks import find_free_port, is_listening_on
from listkeep.drill.people import SoftwarePerson
from listkeep.drill.provider import Provider, make_place
from listkeep.drill.provider_place import ProviderPlace
from listkeep.drill.stage import Stage

from .kept_files import Files
from .kept_people import CAST, add_recipient, bring_in
from .kept_story import KeptStory
from .showing import BROWSER_FILE, LINK_FILE

MAIL_DOMAIN = "bounce.example.com"


def make_kept(home: Path) -> Instance:
    """Make the instance: two custodians, a mail server of its own, nothing else yet."""
    run_own(
        *("init", "--custodian", "cleo", "--custodian", "cyrus"),
        *(f"--port={_port(DOCK_PORT)}", f"--seal-port={_port(SEAL_PORT)}"),
        f"--app-port={_port(APP_PORT)}",
        home=home,
    )
    place = make_place(
        port=find_free_port(), returns_port=find_free_port(), mail_domain=MAIL_DOMAIN
    )
    place.write(home)
    with (home / "dock.toml").open("a") as settings:
        settings.write(
            f'\n[outlet]\nlisten = "127.0.0.1:{find_free_port()}"\n'
            f'returns_listen = "127.0.0.1:{place.returns_port}"\n'
            "private_targets = true\n"  # its mail server is on this machine
        )
    return Instance.open()


def tell_kept(instance: Instance) -> None:
    """Let the story happen on the instance, which runs; then let browsers in."""
    files = Files(instance.home / "demo" / "files")
    files.write()
    place = ProviderPlace.find(instance.home)
    assert place is not None  # noqa: S101 - it was just made
    with instance.keeper() as keeper:
        stage = Stage(
            people=instance.people,
            keeper=keeper,
            dock_service=instance.config.dock_service,
        )
        note("people come in: each change of authority is signed by two")
        bring_in(stage, sink=Provider(place), place=place)
        add_recipient(stage, files)
        passkeys = {
            part.name: stage.add_browser_passkey(part.name, by=part.agrees)
            for part in CAST
        }
        KeptStory(instance, stage).tell()
    _let_browsers_in(instance, files, passkeys)


def _let_browsers_in(
    instance: Instance, files: Files, passkeys: dict[str, SoftwarePerson]
) -> None:
    """Write the file of passkeys, and the link to it; that is what `up` looks for."""
    secret = secrets.token_urlsafe(24)
    write_private(instance.home / LINK_FILE, secret.encode())
    people = [
        {
            "name": part.name,
            "role": part.role,
            "about": part.about,
            "credential": passkeys[part.name].credential,
            "key": passkeys[part.name].private_key(),
        }
        for part in CAST
    ]
    write_private_json(
        instance.home / BROWSER_FILE,
        {
            "verifier": hashlib.sha256(secret.encode()).hexdigest(),
            "people": people,
            "file": _shown(files.new_readers),
            "letter": _shown(files.letter),
        },
    )
    _give_to_keeper(instance.home)


def _give_to_keeper(home: Path) -> None:
    """Let the keeper's pages read the file, also where they run as another user."""
    if os.geteuid() == 0:
        keeper = (home / "keys").stat()
        os.chown(home / BROWSER_FILE, keeper.st_uid, keeper.st_gid)


def _shown(path: Path) -> str:
    """Write a path as somebody in this folder would."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _port(usual: int) -> int:
    """Take the usual port, if nobody listens there."""
    taken = is_listening_on(f"http://127.0.0.1:{usual}")
    return find_free_port() if taken else usual
