"""A PostgreSQL of the tests' own: a folder, a unix socket, nothing that lasts."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

_USER = "listkeep"
_OTHERS = ("postgres", "nobody")  # initdb refuses to run as root
_QUICK = {
    "listen_addresses": "",
    "fsync": "off",  # no test cuts the power
    "full_page_writes": "off",
    "max_connections": "60",
    "shared_buffers": "32MB",
}


def find_binaries() -> Path | None:
    """Find the folder of ``initdb`` and ``pg_ctl``: on the path, or Debian's newest."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    folders = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = sorted(folders, key=lambda path: int(path.parts[-3]))
    return newest[-1].parent if newest else None


class Cluster:
    """A server that runs as somebody who is not root."""

    def __init__(
        self, folder: Path, binaries: Path, options: Mapping[str, str] = _QUICK
    ) -> None:
        self.folder = folder
        self._options = options
        self._binaries = binaries
        self._user = next(user for user in _OTHERS if _exists(user))

    def start(self) -> None:
        self.folder.chmod(0o755)
        if os.geteuid() == 0:
            shutil.chown(self.folder, self._user)
        data = self.folder / "data"
        self._run(
            "initdb",
            *(f"--pgdata={data}", f"--username={_USER}", "--auth=trust"),
            *("--encoding=UTF8", "--no-locale", "--no-sync"),
        )
        options = {**self._options, "unix_socket_directories": str(self.folder)}
        with (data / "postgresql.conf").open("a") as file:
            file.writelines(f"{key} = '{value}'\n" for key, value in options.items())
        log = self.folder / "log"
        self._run("pg_ctl", "start", "--wait", f"--pgdata={data}", f"--log={log}")

    def stop(self) -> None:
        data = self.folder / "data"
        self._run("pg_ctl", "stop", "--mode=immediate", f"--pgdata={data}")

    def restart(self) -> None:
        """Pull the plug on whoever is connected, and be there again."""
        data = self.folder / "data"
        log = self.folder / "log"
        self._run(
            *("pg_ctl", "restart", "--wait", "--mode=immediate"),
            *(f"--pgdata={data}", f"--log={log}"),
        )

    @property
    def pid(self) -> int:
        """The process that has started all others."""
        file = self.folder / "data/postmaster.pid"
        return int(file.read_text().split()[0])

    def url(self, name: str) -> str:
        """Say what stands in keeper.toml."""
        return f"postgresql://{_USER}@/{name}?host={self.folder}"

    def make(self, name: str, template: str = "template0") -> str:
        """Make a database, or a copy of one nobody is connected to."""
        self._say(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        return self.url(name)

    def drop(self, name: str) -> None:
        self._say(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(
                sql.Identifier(name)
            )
        )

    def _say(self, statement: sql.Composed) -> None:
        with psycopg.connect(
            host=str(self.folder), user=_USER, dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(statement)

    def _run(self, tool: str, *arguments: str) -> None:
        as_root = os.geteuid() == 0
        done = subprocess.run(
            [str(self._binaries / tool), *arguments],
            user=self._user if as_root else None,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # the server would keep a pipe open
            stderr=subprocess.DEVNULL,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, f"{tool} failed"


def _exists(user: str) -> bool:
    with suppress(KeyError):
        return bool(pwd.getpwnam(user))
    return False


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A running server; CI has one, elsewhere its absence is said in one line."""
    binaries = find_binaries()
    if binaries is None:
        reason = "PostgreSQL is not here: apt-get install postgresql"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="lk-pg-"))
    found = Cluster(folder, binaries)
    try:
        found.start()
        yield found
    finally:
        found.stop()
        shutil.rmtree(folder, ignore_errors=True)
