"""Read a building's TOML into a frozen value that refuses what it does not know."""

import os
from pathlib import Path
from typing import TypeVar

import msgspec

from listkeep.core.errors import Code, MalformedError

C = TypeVar("C", bound=msgspec.Struct)


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of one building; unknown keys are refused."""


def instance_home() -> Path:
    """Tell where this instance lives: ``LISTKEEP_HOME``, or ``./var``."""
    return Path(os.environ.get("LISTKEEP_HOME", "var")).absolute()


def read_config(path: Path, kind: type[C]) -> C:
    """Read settings; a missing file means defaults.

    Raises:
        MalformedError: Unreadable, not TOML, an unknown key, or a wrong type.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return kind()
    except OSError as error:
        raise MalformedError(
            f"{path.name} cannot be read",
            code=Code.CONFIG_INVALID,
            hint="is it a file, and may this user read it?",
        ) from error
    try:
        return msgspec.toml.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedError(
            f"{path.name} cannot be used: {error}",
            code=Code.CONFIG_INVALID,
            hint="compare it with docs/configuration.md, or run `listkeep init` anew",
        ) from error


def write_config(path: Path, config: Config) -> None:
    """Write settings as TOML: flat keys, strings, numbers and booleans only."""
    lines = []
    for name, value in msgspec.to_builtins(config).items():
        if isinstance(value, bool):
            text = str(value).lower()
        elif isinstance(value, int):
            text = str(value)
        else:  # TOML basic strings are JSON strings, but for DEL
            text = msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")
        lines.append(f"{name} = {text}\n")
    path.write_text("".join(lines), encoding="utf-8")
