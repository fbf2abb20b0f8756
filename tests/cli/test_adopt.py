import random
import subprocess
import time
from pathlib import Path

import pytest

from listkeep.cli.adoption.adopting import plan
from listkeep.cli.output import WrongUsage
from listkeep.cli.running.children import own_command, own_environment
from listkeep.core.errors import MalformedError
from tests.cli.stage import Terminal

ROWS = 40


def rows(first: int, count: int = ROWS) -> str:
    lines = [f"adopted{first + at}@example.com,pro" for at in range(count)]
    return "email,plan\n" + "\n".join(lines) + "\n"


def exports(folder: Path, *names: str) -> Path:
    place = folder / "exports"
    for at, name in enumerate(names):
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(rows(at * 1000))
    return place


def test_a_folder_becomes_lists_and_a_second_time_changes_nothing(
    terminal: Terminal,
) -> None:
    exports(terminal.folder, "Adopt One.csv", "adopt-two/subscribed.csv")
    (terminal.folder / "exports/adopt-two/gone.csv").write_text(
        "email,status\nadopted1000@example.com,unsubscribed\n"
    )

    done = terminal.ok("listkeep adopt exports --facet plan:text --as ben --json")

    assert [
        (each["list"], each["state"], each["rows"]) for each in done.json["lists"]
    ] == [
        ("adopt-one", "done", ROWS),
        ("adopt-two", "done", 1),
        ("adopt-two", "done", ROWS),
    ]
    assert terminal.ok("listkeep count adopt-one --as ben").stdout == f"{ROWS}\n"
    two = terminal.ok("listkeep count adopt-two -s 'status = subscribed' --as ben")
    assert two.stdout == f"{ROWS - 1}\n"

    again = terminal.ok("listkeep adopt exports --facet plan:text --as ben")
    assert again.stderr.count("already") == 3


def test_a_file_that_is_refused_keeps_no_other_back(terminal: Terminal) -> None:
    place = exports(terminal.folder, "adopt-good.csv", "adopt-never.csv")
    (place / "adopt-bad.csv").write_text("Name,Plan\nAnna,pro\n")

    ran = terminal("listkeep adopt exports --as ben")

    assert ran.status == 4
    assert "1 file of 3 not taken over" in ran.stderr
    assert terminal.ok("listkeep count adopt-good --as ben").stdout == f"{ROWS}\n"
    assert "anna" not in (ran.stdout + ran.stderr).lower()

    (place / "adopt-bad.csv").write_text(rows(5000))
    assert terminal.ok("listkeep adopt exports --as ben").stderr.count("already") == 2


def test_nobody_of_another_tenant_can_add_to_a_list(terminal: Terminal) -> None:
    exports(terminal.folder, "adopt-mine.csv")
    terminal.ok("listkeep adopt exports --as ben")

    terminal.ok("listkeep adopt exports --as eve")

    assert (
        terminal.ok("listkeep list ls --as eve --json").json[0]["tenant"]
        != (terminal.ok("listkeep list show adopt-mine --as ben --json").json["tenant"])
    )


def test_a_manifest_says_which_file_goes_where(terminal: Terminal) -> None:
    (terminal.folder / "a.csv").write_text(rows(7000).replace("email", "Kontakt"))
    (terminal.folder / "move.toml").write_text(
        '[[list]]\nname = "adopt-named"\nfiles = ["a.csv"]\nfacets = ["plan:text"]\n'
        'map = { address = "Kontakt" }\n'
    )

    terminal.ok("listkeep adopt move.toml --as ben")

    pro = terminal.ok("""listkeep count adopt-named -s 'plan = "pro"' --as ben""")
    assert pro.stdout == f"{ROWS}\n"


def test_whoever_is_killed_goes_on_where_they_were(terminal: Terminal) -> None:
    seed = random.randrange(1 << 30)
    dice = random.Random(seed)
    names = [f"adopt-killed-{at}.csv" for at in range(6)]
    exports(terminal.folder, *names)
    command = own_command("adopt", "exports", "--facet", "plan:text", "--as", "ben")
    for _ in range(4):
        process = subprocess.Popen(
            command,
            cwd=terminal.folder,
            env=own_environment(terminal.home),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(dice.uniform(0.3, 2.0))
        process.kill()
        process.wait()

    terminal.ok("listkeep adopt exports --facet plan:text --as ben")

    for at in range(6):
        count = terminal.ok(f"listkeep count adopt-killed-{at} --as ben").stdout
        assert count == f"{ROWS}\n", f"seed {seed}"


def test_what_is_remembered_and_said_holds_no_address(terminal: Terminal) -> None:
    place = exports(terminal.folder, "adopt-quiet.csv")
    (place / "planted@example.com.csv").write_text(rows(9000))

    ran = terminal("listkeep adopt exports --scan exports --as ben")

    kept = b"".join(
        path.read_bytes() for path in (terminal.home / "cli/adopt").iterdir()
    )
    said = (ran.stdout + ran.stderr).encode() + kept
    assert b"@" not in said
    assert b"planted" not in said
    assert all(
        path.stat().st_mode & 0o077 == 0
        for path in (terminal.home / "cli/adopt").iterdir()
    )
    assert ran.status == 1
    assert "name of the file" in ran.stdout


def test_a_damaged_memory_is_told_and_not_trusted(terminal: Terminal) -> None:
    exports(terminal.folder, "adopt-torn.csv")
    terminal.ok("listkeep adopt exports --as ben")
    newest = max(
        (terminal.home / "cli/adopt").iterdir(), key=lambda path: path.stat().st_mtime
    )
    newest.write_text("{")

    assert terminal("listkeep adopt exports --as ben").status == 3


@pytest.mark.parametrize(
    "text", ["[[list]", "[[list]]\nname = 1\n", "x = 1\n", '[[list]]\nname="a"\n']
)
def test_a_manifest_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "move.toml"
    path.write_text(text)

    with pytest.raises(MalformedError):
        plan(path, facets=[], mapping={})


def test_nothing_to_take_over_is_wrong_usage(tmp_path: Path) -> None:
    manifest = tmp_path / "move.toml"
    manifest.write_text('[[list]]\nname = "a"\nfiles = ["missing.csv"]\n')
    for source in (tmp_path / "nowhere", manifest):
        with pytest.raises(WrongUsage):
            plan(source, facets=[], mapping={})
    with pytest.raises(WrongUsage):
        plan(manifest, facets=["plan:text"], mapping={})
    manifest.unlink()
    with pytest.raises(WrongUsage):
        plan(tmp_path, facets=[], mapping={})
