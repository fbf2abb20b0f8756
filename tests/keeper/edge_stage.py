"""What there is to be had at the keeper's edge, and how one path is called."""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from listkeep.keeper.gate.decisions.key_changes import begin_key
from listkeep.wire import messages as m
from listkeep.wire.base import encode

from . import restoring
from .edge import frames
from .mailing import send_of
from .sending import add_domain, add_route
from .telling import HOOK, add_contact
from .world import Rows, World


@dataclass(frozen=True)
class Stage:
    """What there is to be had at acme."""

    world: World
    rows: Rows
    waiting: m.RequestView
    granted: m.RequestView
    reveal: m.RequestView
    ticket: str
    contact: str
    restore: str
    young: str  # a list with one key
    erasure: m.RequestView
    send: str  # that goes on


def set_stage(world: World) -> Stage:
    rows = world.list_with_rows(2)
    world.wait(days=1)
    dock = world.service("dock").id
    with world.gate.turn(world.now) as turn:
        found = turn.registry.lists[rows.list_id]
        begin_key(turn, found, principal=dock, request="")
    reveal, _ = world.ask_reveal("ben", rows, 0)
    return Stage(
        world=world,
        rows=rows,
        waiting=world.ask_export("ben", rows, 2),
        granted=world.granted_export(rows, 2),
        reveal=reveal,
        ticket=world.start_import("ben", rows.list_id).ticket,
        contact=add_contact(world, "hook", HOOK, kind="webhook"),
        young=world.create_list("young").id,
        restore=restoring.start(world, "ben", rows, rows=1),
        erasure=restoring.ask_erasure(world, rows, 0),
        send=_send(world, rows),
    )


def _send(world: World, rows: Rows) -> str:
    add_route(world)
    add_domain(world)
    return send_of(world, rows, 2)


@dataclass(frozen=True)
class Case:
    """How one path is called by somebody, and what a stranger is told there."""

    message: Callable[[Stage, str], msgspec.Struct]
    insider: str = "ben"
    stranger: str = "eve"
    told: str = "not-found"  # the stranger; empty: nothing there is secret
    nobody: str = "not-signed-in"  # is told; empty: nothing there is secret
    by_service: bool = False
    streamed: bool = False
    is_docks: bool = False  # it asks for itself, whoever is there
    opens: bool = False  # rows of a send: the one answer that holds addresses

    def body(self, stage: Stage, name: str) -> bytes:
        message = self.message(stage, name)
        if self.streamed:
            return frames(message, stage.rows.whole())
        return encode(message)
