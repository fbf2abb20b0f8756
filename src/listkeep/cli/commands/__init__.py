"""Which module has which command: one that is called loads its own and no other.

Loading all of them takes several times as long as most commands need for their work,
and each building of an instance is a command as well.
"""

from collections.abc import Sequence
from importlib import import_module

import typer

# Each module's `register` adds its commands to the program, below a heading.
HEADINGS: dict[str, tuple[str, ...]] = {
    "The instance": (
        "init",
        "up",
        "serve",
        "migrate",
        "backup",
        "restore_backup",
        "status",
        "keys",
        "job",
        "sample",
        "demo",
    ),
    "Who you are": ("login",),
    "Who may what": (
        *("tenant", "person", "agency", "service", "recipient"),
        *("contact", "consent", "budget", "policy", "freeze"),
        *("route", "domain"),
    ),
    "Work with a list": (
        *("lists", "import_file", "adopt", "tokens", "count", "facets", "lookup"),
        *("suppress", "history", "restore", "returned", "form"),
    ),
    "What needs a signature": ("request", "sign", "reveal", "export", "send", "erase"),
    "The record": ("ledger", "audit", "notice", "incident"),
    "Mail": ("template",),
}

# What is called otherwise than its module, or together with others.
_WORDS: dict[str, tuple[str, ...]] = {
    "audit": ("registry",),
    "freeze": ("freeze", "unfreeze"),
    "import_file": ("import",),
    "lists": ("list",),
    "login": ("login", "logout", "whoami"),
    "restore_backup": ("restore-backup",),
    "sign": ("sign", "approve", "deny"),
}
MODULE_OF = {
    word: module
    for modules in HEADINGS.values()
    for module in modules
    for word in _WORDS.get(module, (module,))
}


def add_commands(program: typer.Typer, arguments: Sequence[str]) -> None:
    """Add the command that is called, or all if it cannot be told which that is."""
    called = MODULE_OF.get(arguments[0]) if arguments else None
    for heading, modules in HEADINGS.items():
        for module in modules:
            if called in (module, None):
                import_module(f".{module}", __package__).register(program)
        for command in program.registered_commands:
            if not isinstance(command.rich_help_panel, str):
                command.rich_help_panel = heading
        for group in program.registered_groups:
            if not isinstance(group.rich_help_panel, str):
                group.rich_help_panel = heading
