"""``listkeep``: the commands, and the one place where errors become exit statuses.

Exit status: 0 done, 1 a proof or signature is wrong, 2 wrong usage, 3 malformed
input, 4 refused, 5 conflict, 6 unavailable, 70 our own fault, 130 interrupted, 141
nobody reads the output any more.
"""

import errno
import os
import re
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from listkeep import __version__
from listkeep.core.errors import ListkeepError
from listkeep.wire.config import instance_home

from .commands import add_commands
from .output import WrongUsage, complain, hint, note, write

_HOME = "LISTKEEP_HOME: "
_HELP = ["-h", "--help"]
EXIT_USAGE = 2
EXIT_FAULT = 70
EXIT_UNAVAILABLE = 6
EXIT_INTERRUPTED = 130
EXIT_NOBODY_READS = 141


def main() -> None:
    """Run the command line of this process.

    What SQLite sorts on disk are rows of the instance, and stay in it: behind the wall
    no other place may be written to. SQLite asks where once, when it is loaded, which
    nothing has done so far (`tests/cli/test_main.py`).
    """
    os.environ.setdefault("SQLITE_TMPDIR", str(instance_home() / "staging"))
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:  # noqa: PLR0911 - one per kind of end
    """Run one command line and return its exit status."""
    try:
        result = _tidied(typer.main.get_command(_program(arguments)))(
            args=list(arguments), prog_name="listkeep", standalone_mode=False
        )
        sys.stdout.flush()
    except ListkeepError as error:
        complain(error)
        return error.exit_status
    except typer.TyperException as error:
        return _wrong_usage(error)
    except (typer.Abort, KeyboardInterrupt):
        note("interrupted")
        return EXIT_INTERRUPTED
    except SystemExit as error:
        return _leave(error)
    except OSError as error:
        return _system_says_no(error)
    except Exception as error:  # noqa: BLE001 - the last edge there is
        return _internal(error)
    return result if isinstance(result, int) else 0


def _program(arguments: Sequence[str]) -> typer.Typer:
    """Make the program, with the commands that these arguments can mean."""
    program = typer.Typer(
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": _HELP},
        help="Everyone works with the list. Nobody walks off with it.",
        epilog="Begin with `listkeep init`, then `listkeep up`. LISTKEEP_HOME says "
        "where the instance lives (default ./var), LISTKEEP_AS who you are.",
    )
    program.callback()(options)
    add_commands(program, arguments)
    return program


def _tidied(command: Any) -> Any:
    """Have help break lines where the terminal does, and say no type of a switch."""
    paragraphs = (command.help or "").split("\n\n")
    command.help = "\n\n".join(" ".join(each.split()) for each in paragraphs)
    context = command.context_class(command, help_option_names=_HELP)
    for parameter in command.get_params(context):
        if getattr(parameter, "is_flag", False):
            parameter.metavar = ""
    for each in getattr(command, "commands", {}).values():
        _tidied(each)
    return command


def _show_version(is_wanted: bool) -> None:  # noqa: FBT001 - as typer calls it
    if is_wanted:
        write(f"listkeep {__version__}")
        raise typer.Exit


def options(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Print the version.",
            callback=_show_version,
            is_eager=True,
        ),
    ] = False,
) -> None:
    """Take the options that come before a command."""


def _wrong_usage(error: typer.TyperException) -> int:
    """Explain wrong usage without repeating what was typed: it may be an address."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "listkeep"
    if type(error).__name__ == "NoArgsIsHelpError":
        sys.stderr.write(f"{error.format_message()}\n")
        return EXIT_USAGE
    note(_explain(error))
    advice = error.hint if isinstance(error, WrongUsage) else ""
    meant = re.search(r"Did you mean (.+)\?", error.message)
    if meant:
        advice = f"did you mean {meant[1]}?"
    hint(advice or f"see `{command} --help`")
    return error.exit_code if error.exit_code != 1 else EXIT_USAGE


def _explain(error: typer.TyperException) -> str:
    if isinstance(error, WrongUsage):
        return error.message
    label = _label(error)
    if type(error).__name__ == "MissingParameter":
        return f"{label} is missing"
    for beginning, words in _WORDS.items():
        if error.message.startswith(beginning):
            return words
    wanted = _WANTED.search(error.message)
    if wanted is None:
        return f"{label} cannot be used"
    return f"{label} {wanted[1] or wanted[2]}"


# What comes before these words is what was typed, what follows them is known here.
_WANTED = re.compile(r"(?s).*(is not one of .+?)\.?$|^Input (should be [\w ]+)")
_WORDS = {
    "No such option": "there is no such option",
    "No such command": "there is no such command",
    "Missing command": "the command is missing",
    "Got unexpected extra": "there are more arguments than this command takes",
    "Option": "an option lacks its value, or takes none",
}


def _label(error: typer.TyperException) -> str:
    parameter = getattr(error, "param", None)
    if parameter is None:
        return "something in the command line"
    options = [name for name in parameter.opts if name.startswith("--")]
    if options:
        return str(options[0])
    # What may be left out comes before it, as in `[begin|end] REQUEST`.
    name = str(parameter.metavar or "an argument")
    return re.sub(r"^\[.+?\] ", "", name).strip("[]")


def _leave(error: SystemExit) -> int:
    if isinstance(error.__context__, BrokenPipeError):
        return EXIT_NOBODY_READS
    return error.code if isinstance(error.code, int) else EXIT_FAULT


def _system_says_no(error: OSError) -> int:
    """Say what the system said, naming only files of the instance."""
    if isinstance(error, BrokenPipeError):
        # What is left in the buffer has nowhere to go either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_NOBODY_READS
    reason = os.strerror(error.errno).lower() if error.errno else "the system refused"
    place = _place(error)
    note(f"{place}{reason}")
    if place == _HOME:
        hint("set LISTKEEP_HOME to a folder that is yours, or that can be made")
    elif error.errno == errno.ENOSPC:
        hint("make room on the disk, then try again")
    return EXIT_UNAVAILABLE


def _place(error: OSError) -> str:
    name = error.filename
    if not isinstance(name, str | os.PathLike):
        return ""
    path, home = Path(os.fspath(name)), instance_home()
    if home.is_relative_to(path):
        return _HOME
    return f"{path.relative_to(home)}: " if path.is_relative_to(home) else ""


def _internal(error: Exception) -> int:
    """Say where we failed; the words of foreign errors can quote what they read."""
    frames = traceback.extract_tb(error.__traceback__)
    places = " < ".join(
        f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames[-8:])
    )
    note(f"internal error: {type(error).__name__} at {places}")
    hint("this is a fault of Listkeep: please report it with the line above")
    return EXIT_FAULT
