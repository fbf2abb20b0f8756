"""Tell keeper and dock of a new instance where browsers find either of them."""

import json
from pathlib import Path

_DROP_HOST = "drop.localhost"  # browsers take it for this machine, and for secure


def write_origins(staging: Path, *, port: int, seal_origin: str) -> None:
    """Add to the settings of both: sign-ins go to the one and come back to the other.

    ``keeper.toml`` names its own origin already.
    """
    drop = f'drop_origin = "http://{_DROP_HOST}:{port}"\n'
    with (staging / "keeper.toml").open("a") as keeper:
        keeper.write(drop)
    with (staging / "dock.toml").open("a") as dock:
        dock.write(f"{drop}seal_origin = {json.dumps(seal_origin)}\n")
