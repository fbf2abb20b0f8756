"""Take many lists over: what is to be done, how far it is, and the next step.

Which files belong to which list is planned first, from a folder or a manifest. How far
it has come stands in a file of one's own: digests, counts and names of files, nothing
from inside them. It is written after each file, so that whoever is interrupted goes on
with the file that was under way; to import it again changes nothing.
"""

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final

import msgspec

from listkeep.cli.home import Instance, write_private
from listkeep.cli.output import WrongUsage
from listkeep.core.errors import Code, MalformedError
from listkeep.core.files.plaintext import cover

DONE: Final = "done"
FAILED: Final = "failed"
ENDINGS: Final = frozenset({".csv", ".tsv", ".txt", ".jsonl", ".ndjson"})
_CHUNK_BYTES: Final = 1024 * 1024
_NAME: Final = re.compile(r"[^a-z0-9_-]+")


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One list of a manifest: its files, in order, and how to read them."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    files: list[str]
    facets: list[str] = []
    map: dict[str, str] = {}
    request: str = ""


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to take over: ``[[list]]`` for each list."""

    list: list[Part]


class Step(msgspec.Struct, kw_only=True):
    """One file of one list, and what came of it."""

    list: str
    file: str  # as it is shown
    sha256: str = ""
    state: str = ""
    rows: int = 0
    rejected: int = 0
    code: str = ""


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One file that is to go into one list."""

    part: Part
    path: Path

    @property
    def shown(self) -> str:
        """The file's name, for people and for the file that remembers."""
        return cover(self.path.name)


class Progress:
    """What has been taken over from one source; each change is on disk at once."""

    def __init__(self, instance: Instance, source: Path, *, person: str) -> None:
        """Read how far it came before, for this person.

        Raises:
            MalformedError: The file that remembers was damaged.
        """
        text = f"{person}\0{source.resolve()}"
        name = hashlib.sha256(text.encode()).hexdigest()[:24]
        self._path = instance.private / "adopt" / f"{name}.json"
        self.steps: dict[str, Step] = {}
        if self._path.exists():
            try:
                self.steps = msgspec.json.decode(
                    self._path.read_bytes(), type=dict[str, Step]
                )
            except msgspec.DecodeError as error:
                raise MalformedError(
                    "the file that remembers how far it came is damaged",
                    code=Code.CONFIG_INVALID,
                    hint="remove it from cli/adopt: all files are looked at anew",
                ) from error

    def find(self, task: Task) -> Step:
        """Find what came of a file before, or begin with it."""
        return self.steps.get(_key(task)) or Step(list=task.part.name, file=task.shown)

    def keep(self, task: Task, step: Step) -> None:
        """Remember what came of a file."""
        self.steps[_key(task)] = step
        write_private(self._path, msgspec.json.encode(self.steps))


def plan(
    source: Path, *, facets: Sequence[str], mapping: Mapping[str, str]
) -> list[Task]:
    """Say which file goes into which list, in which order.

    Raises:
        WrongUsage: There is no such folder or manifest, or nothing in it.
        MalformedError: The manifest cannot be read.
    """
    if source.is_dir():
        parts = list(_read_folder(source, facets=facets, mapping=mapping))
        base = source
    elif source.is_file():
        if facets or mapping:
            raise WrongUsage(
                "a manifest says facets and mappings itself",
                hint="leave --facet and --map out, or give a folder",
            )
        parts, base = _read_manifest(source).list, source.parent
    else:
        raise WrongUsage("there is no such folder or manifest")
    tasks = [Task(part=part, path=base / name) for part in parts for name in part.files]
    if not tasks:
        raise WrongUsage(
            "there is nothing to take over",
            hint=f"files end in {', '.join(sorted(ENDINGS))}",
        )
    for task in tasks:
        if not task.path.is_file():
            raise WrongUsage("the manifest names a file that is not there")
    return tasks


def digest_of(path: Path) -> str:
    """Digest a file, to know it again."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _read_folder(
    folder: Path, *, facets: Sequence[str], mapping: Mapping[str, str]
) -> Iterator[Part]:
    """Make a list of each file, and one of all the files of a folder inside."""
    groups: dict[str, list[str]] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in ENDINGS or not path.is_file():
            continue
        inside = path.relative_to(folder)
        title = inside.parts[0] if len(inside.parts) > 1 else path.stem
        groups.setdefault(_name_of(title), []).append(inside.as_posix())
    for name, files in groups.items():
        yield Part(name=name, files=files, facets=list(facets), map=dict(mapping))


def _read_manifest(path: Path) -> Manifest:
    try:
        return msgspec.convert(tomllib.loads(path.read_text()), Manifest)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError):
        pass
    # Outside of the clause: what these say can quote what stands in the file.
    raise MalformedError(
        "the manifest cannot be read",
        code=Code.CONFIG_INVALID,
        hint="[[list]] with name, files, facets, map and request, as in the guide",
    )


def _name_of(title: str) -> str:
    """Make a list's name of a file's or folder's; one that is an address is covered."""
    name = _NAME.sub("-", cover(title).lower()).strip("-_")
    return name[:100] or "list"


def _key(task: Task) -> str:
    text = f"{task.part.name}\0{task.path.resolve()}"
    return hashlib.sha256(text.encode()).hexdigest()
