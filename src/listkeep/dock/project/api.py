"""The dock's API: the rooms' routers under one roof, described at `/v1/docs`."""

import json
from typing import Any

from django.http import HttpRequest
from ninja import NinjaAPI
from ninja.parser import Parser

from listkeep import __version__
from listkeep.core.errors import ListkeepError
from listkeep.dock.intake.api import router as intake
from listkeep.dock.intake.form_api import router as forms
from listkeep.dock.intake.history_api import router as history
from listkeep.dock.intake.sign_up_api import router as sign_ups
from listkeep.dock.lists.keeper import get_keeper
from listkeep.dock.lists.shapes import Shape
from listkeep.dock.outlet.api import router as outlet
from listkeep.dock.outlet.merging.api import router as merging
from listkeep.dock.outlet.returned_api import router as returned
from listkeep.dock.outlet.sends_api import router as sends
from listkeep.dock.watch.api import router as watch
from listkeep.dock.watch.incident_api import router as incidents

from .problems import add_handlers


class StrictParser(Parser):
    """JSON in which a member that is named twice is an error, not a choice."""

    def parse_body(self, request: HttpRequest) -> Any:
        """Read a body; the caller turns any error into one problem document."""
        return json.loads(
            request.body.decode(),
            object_pairs_hook=_members,
            parse_constant=_no_constant,
        )


class HealthView(Shape):
    """Whether the dock is there, and its keeper."""

    version: str
    keeper: bool
    profile: str | None


api = NinjaAPI(
    title="Listkeep dock",
    version=__version__,
    description="Work with a list without seeing an address. Send "
    "`Authorization: Bearer` with a session (`lks_…`) or a service key (`lkk_…`); "
    "errors are problem documents (RFC 9457).",
    parser=StrictParser(),
    urls_namespace="v1",
)
add_handlers(api)
api.add_router("", intake)
api.add_router("", history)
api.add_router("", sign_ups)
api.add_router("", forms)
api.add_router("", outlet)
api.add_router("", merging)
api.add_router("", returned)
api.add_router("", sends)
api.add_router("", watch)
api.add_router("", incidents)


@api.get("/health", response=HealthView, tags=["dock"])
def health(request: HttpRequest) -> HealthView:  # noqa: ARG001 - asked of everybody
    """Tell whether the dock is there, and whether its keeper answers."""
    try:
        keeper = get_keeper().health()
    except ListkeepError:
        return HealthView(version=__version__, keeper=False, profile=None)
    return HealthView(version=__version__, keeper=True, profile=keeper.profile)


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a member is named twice")
    return members


def _no_constant(_name: str) -> Any:
    raise ValueError("not a JSON number")
