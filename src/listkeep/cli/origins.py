"""Tell the buildings of a new instance where browsers find each of them."""

import json
from pathlib import Path

DOCK_PORT, SEAL_PORT, APP_PORT = 8480, 8471, 8490  # unless somebody names others

# Browsers take both for this machine, and for secure.
_DROP_HOST = "drop.localhost"
_APP_HOST = "app.localhost"


def write_origins(staging: Path, *, port: int, app_port: int, seal_origin: str) -> None:
    """Add to the settings: sign-ins go to the keeper and come back to who began them.

    ``keeper.toml`` names its own origin already.
    """
    drop = f'drop_origin = "http://{_DROP_HOST}:{port}"\n'
    app = f'app_origin = "http://{_APP_HOST}:{app_port}"\n'
    with (staging / "keeper.toml").open("a") as keeper:
        keeper.write(f"{drop}{app}")
    with (staging / "dock.toml").open("a") as dock:
        dock.write(f"{drop}{app}seal_origin = {json.dumps(seal_origin)}\n")
    (staging / "console.toml").write_text(
        "# Settings of the console; docs/configuration.md lists them.\n"
        f"port = {app_port}\ndock = {json.dumps(f'http://127.0.0.1:{port}')}\n"
        f"{app}{drop}seal_origin = {json.dumps(seal_origin)}\n"
    )
