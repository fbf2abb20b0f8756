"""Restore of a backup: the old instance or the new one, and never half of each."""

import subprocess
from pathlib import Path

from listkeep.cli.running.children import own_environment
from tests.cli.stage import Terminal
from tests.faults.harness import COMMAND, House, copy_home, read_database


class PuttingBack:
    """An older copy in place of an instance that has gone on."""

    def prepare(self, house: House) -> None:
        folder = house.terminal.folder
        self.there = Terminal(folder / "there", folder)
        if not (folder / "older.tar").exists():
            house.terminal.ok("listkeep backup older.tar")
            house.write_people("later.csv", 500)
            house.sign_in("ben")
            house.terminal.ok("listkeep import news later.csv --as ben")
            house.stop()
            self.new = self._read(folder / "var")
            self.old = (self.new[0] - 500, 0)
            house.copy_to(folder / "later")
            house.start()
        copy_home(folder / "later", self.there.home, house.cluster)

    def start(self, house: House) -> subprocess.Popen[bytes]:
        words = ("restore-backup", "older.tar", "--older-ledger")
        return house.spawn(*words, home=self.there.home)

    def victims(self) -> tuple[str, ...]:
        return (COMMAND,)

    def judge(self, house: House, *, was_killed: bool) -> None:
        """Whatever starts next finishes what was begun."""
        del house  # it goes on elsewhere
        self.there._run_there(["migrate"], b"", own_environment(self.there.home))
        rows, entries = self._read(self.there.home)
        is_new = (rows, entries) == self.new
        is_old = rows == self.old[0] and entries < self.new[1]
        assert is_new or is_old
        assert was_killed or is_old
        assert not (self.there.home / ".restore").exists()

    @staticmethod
    def _read(home: Path) -> tuple[int, int]:
        """Read rows and entries, as the buildings would find them."""
        ((rows,),) = read_database(home, "dock", "SELECT count(*) FROM entry")
        ((size,),) = read_database(home, "keeper", "SELECT size FROM ledger_head")
        ((entries,),) = read_database(
            home, "keeper", "SELECT count(*) FROM ledger_entry"
        )
        assert size == entries
        return rows, entries
