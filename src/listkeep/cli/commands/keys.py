"""``listkeep keys``: keys of lists, and the root of all keys on the keeper's host."""

from datetime import UTC, datetime

import typer

from listkeep.cli.output import hint, note, plural, progress

from . import held_keys, key_copies

app = typer.Typer(
    no_args_is_help=True,
    help="Keys: those of lists, copies of all of them, and their root.",
)


def register(program: typer.Typer) -> None:
    """Add the commands."""
    held_keys.register(app)
    key_copies.register(app)
    program.add_typer(app, name="keys")


@app.command("rotate-root", epilog="Example: listkeep keys rotate-root")
def rotate_root() -> None:
    """Wrap every key under another root, and destroy the old one.

    A root in a file is followed by a new one in its place. To another place (a token,
    AWS KMS, another key) it goes where the section [next_root] in keeper.toml says.
    The keeper may run meanwhile. Interrupted, run it again: it goes on.
    """
    gate = key_copies.open_keeper()
    from listkeep.keeper.gate.custody import root_rotation  # noqa: PLC0415
    from listkeep.keeper.gate.endpoint import open_roots  # noqa: PLC0415

    with progress("wrapping keys", total=len(gate.store.key_ids())) as bar:
        done = root_rotation.rotate_root(
            gate, open_roots(), now=datetime.now(UTC), say=lambda n, _: bar.move(n)
        )
    before, after = done.kinds
    note(
        f"{plural(done.keys, 'key')} went from one root ({before}) to another ({after})"
    )
    for step in done.left_to_do:
        hint(step)
