"""The sections [root] and [next_root] of keeper.toml."""

import subprocess
import sys
from pathlib import Path

import pytest

from listkeep.core.errors import Code, MalformedError, UnavailableError
from listkeep.keeper.keys import KeyStore, Roots

TOKEN = """
[root]
provider = "pkcs11"
module = "/usr/lib/softhsm/libsofthsm2.so"
token = "listkeep"
key = "root"
pin_file = "hsm.pin"
"""
KMS = (
    '\n[root]\nprovider = "aws-kms"\nkey = "alias/listkeep"\nregion = "eu-central-1"\n'
)


def roots(home: Path, text: str) -> Roots:
    (home / "keys").mkdir(exist_ok=True)
    (home / "keeper.toml").write_text(text)
    return Roots(home / "keeper.toml", home / "keys")


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("", ("file",)),
        ("threads = 2\n", ("file",)),
        ('[root]\nprovider = "file"\n', ("file",)),
        ('[root]\npath = "elsewhere.key"\n', ("file",)),
        (TOKEN, ("pkcs11",)),
        (KMS, ("aws-kms",)),
        (KMS.replace("root", "next_root"), ("aws-kms", "file")),
        (TOKEN + KMS.replace("root", "next_root"), ("aws-kms", "pkcs11")),
    ],
)
def test_a_root_is_named_by_a_section(
    tmp_path: Path, text: str, kinds: tuple[str, ...]
) -> None:
    assert roots(tmp_path, text).kinds() == kinds


@pytest.mark.parametrize(
    "text",
    [
        '[root]\nprovider = "vault"\n',
        '[root]\nprovider = "file"\ntoken = "listkeep"\n',
        TOKEN.replace('key = "root"\n', ""),
        TOKEN + 'pin = "1234"\n',
        KMS + 'secret_key = "x"\n',
        KMS.replace("region", "place"),
        TOKEN + TOKEN.replace("[root]", "[next_root]"),
        '[root]\nprovider = "file"\n[next_root]\npath = "keys/root.key"\n',
        '[root]\npath = "keys/list-l_one.key"\n',
        'root = "file"\n',
    ],
)
def test_a_section_that_cannot_be_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(MalformedError) as failure:
        roots(tmp_path, text)
    assert failure.value.code is Code.CONFIG_INVALID


def test_a_file_elsewhere_is_a_root_as_well(tmp_path: Path) -> None:
    found = roots(tmp_path, '[root]\npath = "mounted/root.key"\n')
    (tmp_path / "mounted").mkdir()
    found.make()
    store = KeyStore(tmp_path / "keys", found)
    store.create("list-l_one")

    assert (tmp_path / "mounted" / "root.key").stat().st_mode & 0o777 == 0o600
    assert store.key_ids() == ["list-l_one"]
    (tmp_path / "mounted").rename(tmp_path / "unmounted")
    with pytest.raises(UnavailableError) as failure:
        KeyStore(tmp_path / "keys", found).get("list-l_one")
    assert failure.value.code is Code.KEY_UNAVAILABLE


def test_an_unreadable_setting_loses_nothing(tmp_path: Path) -> None:
    """Somebody who saves half a file while the keeper runs."""
    found = roots(tmp_path, "")
    found.make()
    store = KeyStore(tmp_path / "keys", found)
    store.create("list-l_one")
    (tmp_path / "keeper.toml").write_text("[root\n")

    with pytest.raises(MalformedError):
        store.create("list-l_two")
    assert store.key_ids() == ["list-l_one"]
    (tmp_path / "keeper.toml").write_text("")
    assert len(store.get("list-l_one")) == 32


def test_a_keeper_that_needs_no_connection_has_no_http_client() -> None:
    """Not even where the libraries that bring one are installed, as they are here."""
    script = """
import os, sys, tempfile
os.environ["LISTKEEP_HOME"] = tempfile.mkdtemp()
os.environ["DJANGO_SETTINGS_MODULE"] = "listkeep.keeper.project.settings"
import django
django.setup()
from django.conf import settings
import listkeep.keeper.project.urls
from listkeep.keeper.gate.endpoint import make_store, open_store
make_store()
store = open_store()
store.create("list-l_one")
store.get("list-l_one")
names = ("boto3", "botocore", "urllib3", "httpx", "requests", "pkcs11")
print([name for name in names if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]", done.stdout
