"""Say how one gets into a kept demo; nothing where there is none."""

import json
from pathlib import Path

from listkeep.cli.home import Instance
from listkeep.cli.output import note

BROWSER_FILE = Path("demo", "browser.json")
LINK_FILE = Path("demo", "link")


def is_kept(home: Path) -> bool:
    """Tell whether `listkeep demo --keep` left this instance, with its whole story."""
    return (home / BROWSER_FILE).exists()


def show_demo(instance: Instance) -> None:
    """Print the link, and who one can be."""
    if not is_kept(instance.home):
        return
    secret = (instance.home / LINK_FILE).read_text().strip()
    told = json.loads((instance.home / BROWSER_FILE).read_text())
    note("this is a demo: open this link first, it lets your browser be these people")
    note(f"  {instance.seal.seal_origin}/demo#{secret}")
    for person in told["people"]:
        note(f"  {person['name']:<6} {person['role']}: {person['about']}")
    note(f"then work at {instance.app.app_origin if instance.app else ''}")
    note(f"there is a file to import, {told['file']}, and a letter, {told['letter']}")
    note("whoever has the link is these people: keep real addresses out of a demo")
