"""Import: the list is as before or as after, and rows are charged once."""

import subprocess

from tests.faults.harness import BUILDINGS, House

ROWS = 6000


class Importing:
    """A signed import of people nobody has yet."""

    def prepare(self, house: House) -> None:
        house.sign_in("ada")
        self.before = house.count()
        house.write_people("more.csv", ROWS)
        ran = house.terminal.ok(
            "listkeep request import news more.csv --purpose more --sign --as ada"
        )
        self.request = ran.stdout.strip()

    def start(self, house: House) -> subprocess.Popen[bytes]:
        words = ("import", "news", "more.csv", "--request", self.request, "--as", "ada")
        return house.spawn(*words)

    def victims(self) -> tuple[str, ...]:
        return (*BUILDINGS, "command")

    def judge(self, house: House, *, was_killed: bool) -> None:
        house.stop()
        house.start()
        house.sign_in("ada", "ben", "cleo")
        after = house.count()
        whole = self.before + ROWS
        assert after in ((self.before, whole) if was_killed else (whole,))
        assert list((house.home / "staging").iterdir()) == []
        assert house.terminal.ok("listkeep ledger verify --as cleo --json").json
        tickets = {
            entry["ticket"]
            for entry in house.entries("import.started")
            if entry.get("request") == self.request
        }
        reserved = sum(
            int(entry["rows"])
            for entry in house.entries("rows.reserved")
            if entry["ticket"] in tickets
        )
        assert reserved <= ROWS
        assert len(tickets) <= 1
