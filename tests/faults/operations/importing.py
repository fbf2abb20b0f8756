"""Import: the list is as before or as after, and rows are charged once."""

import subprocess

from tests.faults.harness import BUILDINGS, COMMAND, House

ROWS = 6000
LARGE_BYTES = 4 * 1024 * 1024


class Importing:
    """A signed import of people nobody has yet."""

    def prepare(self, house: House) -> None:
        house.sign_in("ada")
        self.before = house.count()
        self.write(house)
        ran = house.terminal.ok(
            "listkeep request import news more.csv --purpose more --sign --as ada"
        )
        self.request = ran.stdout.strip()

    def write(self, house: House) -> None:
        """Write the file."""
        house.write_people("more.csv", ROWS)

    def start(self, house: House) -> subprocess.Popen[bytes]:
        words = ("import", "news", "more.csv", "--request", self.request, "--as", "ada")
        return house.spawn(*words)

    def victims(self) -> tuple[str, ...]:
        return (*BUILDINGS, COMMAND)

    def judge(self, house: House, *, was_killed: bool) -> None:
        house.come_back("ada", "ben", "cleo")
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


class ImportingLarge(Importing):
    """The same of a file that is large enough to be read by a process of its own."""

    def write(self, house: House) -> None:
        path = house.write_people("more.csv", ROWS)
        header, *rows = path.read_text().splitlines()
        note = "n" * (LARGE_BYTES // ROWS)
        wide = (f"{header},note", *(f"{row},{note}" for row in rows), "")
        path.write_text("\n".join(wide))


class ImportingThroughRestarts(ImportingLarge):
    """The same, and PostgreSQL starts anew in the middle; the buildings go on."""

    def victims(self) -> tuple[str, ...]:
        return ()

    def judge(self, house: House, *, was_killed: bool) -> None:
        super().judge(house, was_killed=was_killed)
        before = house.count()
        house.write_people("small.csv", 20)
        house.terminal.ok("listkeep import news small.csv --as ben")
        assert house.count() == before + 20
