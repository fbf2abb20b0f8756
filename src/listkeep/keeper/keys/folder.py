"""The folder a key store lies in: one file a name, whole or not there, one writer."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from listkeep.core.errors import Code, UnavailableError

SUFFIX, DRAFT = ".key", ".new"


class KeyFolder:
    """Read and write files of a key store; safe to share between processes."""

    def __init__(self, path: Path) -> None:
        """Use a folder that is there, or will be before anything is written."""
        self._path = path

    @contextmanager
    def _one_writer(self) -> Iterator[None]:
        """Hold the folder against other threads and processes of this keeper."""
        descriptor = os.open(self._path, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _file(self, key_id: str) -> Path:
        return self._path / f"{key_id}{SUFFIX}"

    def _draft(self, key_id: str) -> Path:
        return self._path / f"{key_id}{DRAFT}"

    def _read(self, key_id: str) -> bytes:
        try:
            return self._file(key_id).read_bytes()
        except OSError as error:
            raise UnavailableError(
                "a key is not in the key store",
                code=Code.KEY_UNAVAILABLE,
                hint="it was destroyed, or the key store belongs to another instance",
            ) from error

    def _write(self, key_id: str, data: bytes) -> None:
        draft = self._draft(key_id)
        descriptor = os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._file(key_id))
        self._sync_folder()

    def _write_over(self, key_id: str, data: bytes) -> None:
        """Write into the file that is there: whoever reads meanwhile finds it torn."""
        descriptor = os.open(self._file(key_id), os.O_CREAT | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.truncate()

    def _sync_folder(self) -> None:
        directory = os.open(self._path, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
