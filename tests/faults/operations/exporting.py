"""Export: one copy at most, whole or not there, and the same grant goes on."""

import subprocess

import pyrage

from tests.faults.harness import BUILDINGS, COMMAND, House

CAP = 15


class Exporting:
    """A granted export of a few rows out of many."""

    def prepare(self, house: House) -> None:
        house.sign_in("ada", "ben", "cleo")
        segment = "--segment 'plan = \"rare\"'"
        ran = house.terminal.ok(
            f"listkeep request export news {segment} --rows {CAP} "
            "--recipient warehouse --purpose cards --sign --as ben"
        )
        self.request = ran.stdout.strip()
        house.terminal.ok(
            f"listkeep approve {self.request} --rows {CAP} --yes --as ada"
        )
        self.file = house.terminal.folder / "copy.age"
        self.file.unlink(missing_ok=True)

    def start(self, house: House) -> subprocess.Popen[bytes]:
        words = ("export", self.request, "--output", "copy.age", "--as", "ben")
        return house.spawn(*words)

    def victims(self) -> tuple[str, ...]:
        return (*BUILDINGS, COMMAND)

    def judge(self, house: House, *, was_killed: bool) -> None:
        house.come_back("ben", "cleo")
        assert was_killed or self.file.exists()
        again = self._once_more(house)
        assert self._rows(house) in ((11,) if again else (0, 11))
        assert house.terminal.ok("listkeep ledger verify --as cleo --json").json
        completed = [
            entry
            for entry in house.entries("export.completed")
            if entry["request"] == self.request
        ]
        assert len(completed) <= 1
        assert not list(house.terminal.folder.glob(".copy.age*"))

    def _once_more(self, house: House) -> bool:
        """Run it again if it did not end; a grant whose copy exists gives no second."""
        if self.file.exists():
            return True
        ran = house.terminal(
            f"listkeep export {self.request} --output copy.age --as ben"
        )
        if ran.status:
            assert ran.status in (4, 5), ran.stderr
        return ran.status == 0

    def _rows(self, house: House) -> int:
        if not self.file.exists():
            return 0
        text = pyrage.decrypt(self.file.read_bytes(), [house.identity])
        return len(text.decode().splitlines())
