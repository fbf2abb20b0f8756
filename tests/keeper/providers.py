"""Real key providers, each with a switch: a file, a SoftHSM token, moto's AWS KMS."""

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import boto3
import pytest
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    create_backend_app,
)
from werkzeug.serving import make_server

from listkeep.keeper.keys.file_root import FileRoot
from listkeep.keeper.keys.kms_root import KmsRoot
from listkeep.keeper.keys.pkcs11_root import Pkcs11Root
from listkeep.keeper.keys.provider import Root

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
PIN = "739164"
REGION = "eu-central-1"


class Stand(Protocol):
    """A provider that can be taken away and brought back."""

    name: str

    def root(self, label: str = "first") -> Root: ...

    def section(self, label: str = "first") -> dict[str, str]: ...

    def take_away(self) -> None: ...

    def bring_back(self) -> None: ...


@dataclass
class FileStand:
    folder: Path
    name = "file"

    def _path(self, label: str) -> Path:
        return self.folder / f"root-{label}.key"

    def root(self, label: str = "first") -> Root:
        return FileRoot(self._path(label))

    def section(self, label: str = "first") -> dict[str, str]:
        return {"provider": "file", "path": str(self._path(label))}

    def take_away(self) -> None:
        self.folder.rename(self.folder.with_name("away"))

    def bring_back(self) -> None:
        self.folder.with_name("away").rename(self.folder)


@dataclass
class TokenStand:
    folder: Path
    name = "pkcs11"

    def make(self) -> None:
        tokens = self.folder / "tokens"
        tokens.mkdir()
        settings = self.folder / "softhsm2.conf"
        settings.write_text(f"directories.tokendir = {tokens}\nlog.level = ERROR\n")
        os.environ["SOFTHSM2_CONF"] = str(settings)
        command = ["softhsm2-util", "--init-token", "--free", "--label", "listkeep"]
        subprocess.run(
            [*command, "--so-pin", "882301", "--pin", PIN],
            check=True,
            capture_output=True,
        )
        (self.folder / "pin").write_text(f"{PIN}\n")
        (self.folder / "pin").chmod(0o600)

    def root(self, label: str = "first") -> Root:
        pin_file = self.folder / "pin"
        return Pkcs11Root(
            module=MODULE, token="listkeep", label=label, pin_file=pin_file
        )

    def section(self, label: str = "first") -> dict[str, str]:
        return {
            "provider": "pkcs11",
            "module": MODULE,
            "token": "listkeep",
            "key": label,
            "pin_file": str(self.folder / "pin"),
        }

    def take_away(self) -> None:
        (self.folder / "tokens").rename(self.folder / "away")

    def bring_back(self) -> None:
        (self.folder / "away").rename(self.folder / "tokens")


class KmsStand:
    name = "aws-kms"

    def __init__(self) -> None:
        self.keys: dict[str, str] = {}
        self.port = 0
        self._server: Any = None
        self._thread = threading.Thread()

    def bring_back(self) -> None:
        application = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", self.port, application, threaded=True)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def take_away(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def root(self, label: str = "first") -> Root:
        section = self.section(label)
        section.pop("provider")
        return KmsRoot(**section)

    def section(self, label: str = "first") -> dict[str, str]:
        if label not in self.keys:
            self.keys[label] = self._create()
        return {
            "provider": "aws-kms",
            "key": self.keys[label],
            "region": REGION,
            "endpoint": f"http://127.0.0.1:{self.port}",
        }

    def _create(self) -> str:
        """Make a key, as the account that owns it would."""
        client = boto3.client(
            "kms",
            region_name=REGION,
            endpoint_url=f"http://127.0.0.1:{self.port}",
        )
        return str(client.create_key()["KeyMetadata"]["KeyId"])


@contextmanager
def stand(kind: str, folder: Path, patch: pytest.MonkeyPatch) -> Iterator[Stand]:
    """Set one provider up, and clear it away."""
    folder.mkdir(parents=True)
    if kind == "file":
        yield FileStand(folder)
    elif kind == "pkcs11":
        if shutil.which("softhsm2-util") is None:
            pytest.fail("softhsm2 is not installed: apt-get install softhsm2")
        patch.setenv("SOFTHSM2_CONF", "")
        token = TokenStand(folder)
        token.make()
        yield token
    else:
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        kms = KmsStand()
        kms.bring_back()
        try:
            yield kms
        finally:
            kms.take_away()
