"""An instance in which much was refused, spent and ended: all of it worth having.

``powers`` tries everything there and tells what could be done. Whoever edits a table
by hand must not be able to do more than before.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import msgspec
import pyrage

from listkeep.core.errors import ListkeepError
from listkeep.core.registry.charges import Measure
from listkeep.keeper.gate.models import Draft
from listkeep.keeper.gate.sign_in import sessions
from listkeep.keeper.gate.sign_in.uses import note_use
from listkeep.keeper.release.openings import keep_marks
from listkeep.keeper.release.tallies import hold_tally, split_keys
from listkeep.wire import messages as m
from tests.keeper.enrolling import invite, link_of, look
from tests.keeper.flows import Program
from tests.keeper.instance import ACME, DIRECT, OTHER, SERVICES
from tests.keeper.mailing import finish, open_rows, send_of, spool
from tests.keeper.restoring import ask_erasure, erase
from tests.keeper.sending import add_domain, add_route
from tests.keeper.world import Rows, World
from tests.tamper import Table, read_table, table_names

DOCK = SERVICES["dock"][0]
REVEALS_A_DAY = 20


@dataclass
class Plot:
    """What is there to be had, and what the tables held before it was taken away."""

    rows: Rows
    theirs: Rows
    exports: dict[str, m.RequestView]
    reveals: dict[str, tuple[str, m.RequestView, m.RowBatch, Any]]
    draft: m.RequestView
    denied_draft: m.RequestView
    links: dict[str, str]
    codes: list[tuple[Program, str]]
    sends: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    before: dict[str, Table] = field(default_factory=dict)
    after: dict[str, Table] = field(default_factory=dict)


def lay_out(world: World) -> Plot:
    """Let much be granted; remember the tables; then deny, spend, freeze and end it."""
    note_use(world.gate, world.people["ada"].person, now=world.now)
    world.wait(minutes=50)  # so that what she does after all this is noted anew
    rows, theirs = world.list_with_rows(24), world.list_with_rows(2, "list", by="eve")
    dock = Program.of_dock(world)
    plot = Plot(
        rows=rows,
        theirs=theirs,
        exports={
            "granted": world.granted_export(rows, 200),
            "denied": world.granted_export(rows, 200),
            "used": world.granted_export(rows, 200),
            "waiting": world.ask_export("ben", rows, 100),
        },
        reveals={
            "first": revealing(world, "ben", rows, range(5)),
            "second": revealing(world, "ben", rows, range(5, 10)),
            "over budget": revealing(world, "ben", rows, range(20, 22)),
            "frozen": revealing(world, "eve", theirs, range(2)),
        },
        draft=world.draft("ben", "export", list="news", cap=2, recipient="warehouse"),
        denied_draft=world.draft(
            "ivan", "export", list="news", cap=3, recipient="warehouse"
        ),
        links={
            f"link of {by}": link_of(invite(world, by, name, "marketer"))
            for by, name in (("ada", "nora"), ("eve", "rosa"))
        },
        codes=[(dock, dock.code(name)) for name in ("ben", "ada")],
        tokens={
            "ended": world.login("ben"),
            "idle": world.login("sam"),
            "revoked": world.session("ivan"),
        },
    )
    add_route(world)
    add_domain(world)
    plot.sends = {"sent": send_of(world, rows, 3), "ending": send_of(world, rows, 3)}
    for request in plot.sends.values():
        mail(world, rows, request, range(10, 12))
    world.login("ivan", "dock")
    world.suppress("ben", rows, 2)
    world.draft("ada", "export", list="news", cap=4, recipient="warehouse")
    plot.before = {name: read_table(name) for name in table_names()}
    take_away(world, plot)
    plot.after = {name: read_table(name) for name in table_names()}
    return plot


def take_away(world: World, plot: Plot) -> None:
    for label in ("first", "second"):
        reveal(world, *plot.reveals[label])
    for request in plot.sends.values():
        mail(world, plot.rows, request, range(12, 16))
    finish(world, plot.sends["ending"])
    world.suppress("ben", plot.rows, 0)
    erasure = ask_erasure(world, plot.rows, 1)
    erase(world, erasure, plot.rows.sealed[1].token, plot.rows.list_id)
    world.sign("amir", plot.exports["denied"], "deny")
    world.export("ben", plot.exports["used"], plot.rows.whole())
    asked = world.sign("ivan", plot.denied_draft, "request")
    world.sign("ada", asked, "deny")
    sessions.end_session(world.gate, plot.tokens["ended"], now=world.now)
    world.login("ben")
    world.remove("ivan")
    world.freeze("eve")
    invite(world, "ada", "olaf", "marketer")
    program, _ = plot.codes[0]
    program.code("amir")
    world.wait(minutes=16)
    plot.tokens |= {
        f"{name} {service}": world.login(name, service)
        for name in ("ben", "ada", "eve")
        for service in (DIRECT, "dock")
    }
    note_use(world.gate, world.people["ada"].person, now=world.now)


def mail(world: World, rows: Rows, request: str, positions: range) -> None:
    """Open rows for a send, and have them remembered in the table at once."""
    open_rows(world, request, rows.batch(*positions))
    facts, seal = world.registry.sends[request], world.gate.store.get("state")
    path = spool(world) / f"{request}.send"
    with hold_tally(path, facts, seal=seal, pace=0, now=world.now) as tally:
        for key in list(tally.under_way):
            tally.wait(key)
        keep_marks(facts.tag, split_keys(tally.state.keys))
        tally.state.keys = b""
        tally.write()


def revealing(
    world: World, name: str, rows: Rows, positions: range
) -> tuple[str, m.RequestView, m.RowBatch, pyrage.x25519.Identity]:
    view, device = world.ask_reveal(name, rows, *positions)
    return name, view, rows.batch(*positions), device


def reveal(
    world: World,
    name: str,
    view: m.RequestView,
    batch: m.RowBatch,
    device: pyrage.x25519.Identity,
) -> str:
    answer = world.reveal(name, view, batch)
    return pyrage.decrypt(answer.age, [device]).decode()


# --- what can be done ---


def powers(world: World, plot: Plot) -> set[str]:
    """Try everything, and tell what worked."""
    found: set[str] = set()
    attempts = held, signed_in, redeemed, entered, revealed, signed, exported, mailed
    for attempt in attempts:
        with suppress(ListkeepError):
            found.update(attempt(world, plot))
    return found


def held(world: World, _plot: Plot) -> Iterator[str]:
    """Tell what the registry gives to whom."""
    known = world.registry
    yield f"the profile is {known.profile}"
    for person in known.people.values():
        yield f"{person.name} is {person.role} of {person.tenant or 'the operator'}"
        spent = known.charges.used(person.id, Measure.REVEALS, now=world.now)
        for number in range(REVEALS_A_DAY - spent):
            yield f"{person.name} may reveal {number + 1} more"
    for recipient in known.recipients.values():
        yield f"copies may go to {recipient.name}"
    for service in known.services.values():
        yield f"{service.name} may call"
    for tenant in (ACME, OTHER):
        if not any(scope == tenant for scope, _, _ in known.freezes):
            yield f"{tenant} is not frozen"


def signed_in(world: World, plot: Plot) -> Iterator[str]:
    for label, token in plot.tokens.items():
        for service in (DIRECT, DOCK):
            with suppress(ListkeepError), world.gate.view(world.now) as registry:
                person = sessions.resolve_session(
                    world.gate, registry, token, service=service, now=world.now
                )
                yield f"{label} is {person.name} at {service}"


def redeemed(world: World, plot: Plot) -> Iterator[str]:
    for number, (program, code) in enumerate(plot.codes):
        with suppress(ListkeepError):
            session = program.redeem_at(world.gate, program.message(code))
            yield f"code {number} is {session.name}"


def entered(world: World, plot: Plot) -> Iterator[str]:
    for label, link in plot.links.items():
        with suppress(ListkeepError):
            shown = look(world, link)
            yield f"{label} is for {shown.name}, {shown.role} of {shown.tenant_name}"


def revealed(world: World, plot: Plot) -> Iterator[str]:
    for label, one in plot.reveals.items():
        yield from addresses(plot, label, partial(reveal, world, *one))


def signed(world: World, plot: Plot) -> Iterator[str]:
    """Let people sign whatever lies among the drafts, as it stands there."""
    for row in Draft.objects.all():
        terms = bytes(row.terms)
        view = msgspec.structs.replace(plot.draft, id=row.id, terms=terms)
        for name in ("ben", "eve"):
            with suppress(ListkeepError):
                world.sign(name, view, "request")
                yield f"{name} asked for {hashlib.sha256(terms).hexdigest()}"


def exported(world: World, plot: Plot) -> Iterator[str]:
    whole = plot.rows.whole()
    for label, view in plot.exports.items():
        act = partial(world.export, "ben", view, whole)
        yield from addresses(plot, label, act)


def mailed(world: World, plot: Plot) -> Iterator[str]:
    for label, request in plot.sends.items():
        with suppress(ListkeepError):
            for row in open_rows(world, request, plot.rows.whole()):
                if row.address:
                    yield f"{label}: {row.address}"


def addresses(plot: Plot, label: str, act: Callable[[], str]) -> Iterator[str]:
    with suppress(ListkeepError):
        text = act()
        for address in (*plot.rows.addresses, *plot.theirs.addresses):
            if address in text:
                yield f"{label}: {address}"
