"""Which root is in force, and which one follows it.

``[root]`` in keeper.toml says where the root is, ``[next_root]`` where it goes. While
both are there every new key is wrapped under the next one, and wrapped keys are tried
under both, so a rotation may stop and go on anywhere. Two files beside each other need
no ``[next_root]``: the next root of ``root.key`` is ``root.next.key``.

Settings are read anew for each use, which is rare: a keeper that runs takes part in a
rotation without being started again.
"""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

from listkeep.core.errors import Code, MalformedError, UnavailableError
from listkeep.wire.config import read_config

from .file_root import FileRoot
from .kms_root import KmsRoot
from .pkcs11_root import Pkcs11Root
from .provider import KEY_BYTES, TRIAL, Root, WrongKeyError, try_out

FILE = "file"
_FILE_NAME = "root.key"
_SAME = "[next_root] is the same as [root]"


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of keeper.toml's sections about a root."""


class FileSection(_Section, frozen=True, tag="file", tag_field="provider"):
    """A file of the instance."""

    path: str = ""
    """Relative to the instance's folder; empty: ``root.key`` in the key store."""


class Pkcs11Section(_Section, frozen=True, tag="pkcs11", tag_field="provider"):
    """A token."""

    module: str
    """The library of the token's maker."""

    token: str
    """The token's label."""

    key: str
    """The key's label."""

    pin_file: str
    """File with the PIN, of mode 0600; relative to the instance's folder."""


class KmsSection(_Section, frozen=True, tag="aws-kms", tag_field="provider"):
    """A key in AWS KMS."""

    key: str
    """Its id, ARN or alias."""

    region: str
    """Where it is."""

    endpoint: str = ""
    """Another address of KMS, as of a private endpoint; empty: the region's."""


Section = FileSection | Pkcs11Section | KmsSection


class _Sections(msgspec.Struct, frozen=True, kw_only=True):
    """What of keeper.toml is about roots."""

    root: dict[str, str] = {}
    next_root: dict[str, str] = {}


class Roots:
    """The provider of a key store: the root in force, and the next one if any."""

    def __init__(self, settings: Path, keys: Path) -> None:
        """Read keeper.toml, to refuse what cannot be used.

        Raises:
            MalformedError: A section is unknown, incomplete or contradicts the other.
        """
        self._settings, self._keys = settings, keys
        self._opened: dict[Section, Root] = {}
        self._sections()

    def wrap(self, key: bytes, *, key_id: str) -> bytes:
        """Wrap a key under the newest root."""
        return self._roots()[0].wrap(key, key_id=key_id)

    def unwrap(self, wrapped: bytes, *, key_id: str) -> bytes:
        """Unwrap a key under whichever root it was wrapped.

        Raises:
            WrongKeyError: Under none of them.
            UnavailableError: The one that could does not answer.
        """
        failures = []
        for root in self._roots():
            try:
                return root.unwrap(wrapped, key_id=key_id)
            except UnavailableError as error:
                failures.append(error)
        outages = [each for each in failures if not isinstance(each, WrongKeyError)]
        raise (outages or failures)[0]

    def health(self) -> None:
        """Wrap and unwrap once."""
        try_out(self)

    def make(self) -> None:
        """Make the root of a new instance, unless it is there."""
        self._roots()[-1].make()

    def kinds(self) -> tuple[str, ...]:
        """Name the providers in force, the newest first."""
        return tuple(_kind(each) for each in self._sections())

    @property
    def newest(self) -> Root:
        """The root under which everything is wrapped from now on, and no other."""
        return self._roots()[0]

    def prepare_next(self) -> None:
        """Make the root that follows, unless it is there.

        Raises:
            UnavailableError: It does not work.
            MalformedError: keeper.toml does not say which one follows, or names the
                same one again.
        """
        root, *followed = self._sections()
        if not followed:
            if not isinstance(root, FileSection):
                raise _unusable(
                    "it does not say where the root goes",
                    hint="add a section [next_root]",
                )
            FileRoot(self._beside(root)).make()
        self.newest.make()
        self.newest.health()
        self._require_another()

    def retire_old(self) -> tuple[str, ...]:
        """Destroy the root that was followed; say what is left to do by hand."""
        old = self._sections()[-1]
        advice = self._open(old).retire()
        if isinstance(old, FileSection) and not self._read().next_root:
            self._beside(old).replace(self._path(old))
            return ()
        step = "in keeper.toml, remove [root] and rename [next_root] to [root]"
        return (step, advice) if advice else (step,)

    def _require_another(self) -> None:
        """Refuse one root under two names: its end would be the end of every key."""
        newest, old = self._roots()
        with suppress(UnavailableError):  # really another, or gone already
            newest.unwrap(old.wrap(bytes(KEY_BYTES), key_id=TRIAL), key_id=TRIAL)
            raise _unusable(_SAME)

    def _read(self) -> _Sections:
        return read_config(self._settings, _Sections)

    def _sections(self) -> tuple[Section, ...]:
        """Read which roots are in force, the newest first."""
        found = self._read()
        root = self._parse(found.root)
        if found.next_root:
            following = self._parse(found.next_root)
            if following == root:
                raise _unusable(_SAME)
            return following, root
        if isinstance(root, FileSection) and self._beside(root).exists():
            return FileSection(path=str(self._beside(root))), root
        return (root,)

    def _parse(self, section: Mapping[str, str]) -> Section:
        try:
            found: Section = msgspec.convert({"provider": FILE, **section}, Section)
        except msgspec.ValidationError as error:
            raise _unusable(f"a section about a root: {error}") from error
        if isinstance(found, FileSection):
            found = FileSection(path=str(self._path(found)))
            self._require_name(self._path(found))
        return found

    def _require_name(self, path: Path) -> None:
        """Keep roots and wrapped keys apart, by their names."""
        if path.parent == self._keys and not path.match("root*.key"):
            raise _unusable("a root in the key store is called root….key")

    def _path(self, section: FileSection) -> Path:
        return self._settings.parent / (section.path or self._keys / _FILE_NAME)

    def _beside(self, section: FileSection) -> Path:
        path = self._path(section)
        return path.with_name(f"{path.stem}.next{path.suffix}")

    def _roots(self) -> list[Root]:
        return [self._open(section) for section in self._sections()]

    def _open(self, section: Section) -> Root:
        if section not in self._opened:
            self._opened[section] = self._make(section)
        return self._opened[section]

    def _make(self, section: Section) -> Root:
        match section:
            case FileSection():
                return FileRoot(self._path(section))
            case Pkcs11Section():
                return Pkcs11Root(
                    module=section.module,
                    token=section.token,
                    label=section.key,
                    pin_file=self._settings.parent / section.pin_file,
                )
            case KmsSection():
                return KmsRoot(
                    key=section.key, region=section.region, endpoint=section.endpoint
                )


def _kind(section: Section) -> str:
    return str(type(section).__struct_config__.tag)


def _unusable(what: str, *, hint: str = "") -> MalformedError:
    return MalformedError(
        f"keeper.toml cannot be used: {what}",
        code=Code.CONFIG_INVALID,
        hint=hint or "docs/configuration.md lists the sections",
    )
