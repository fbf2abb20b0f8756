"""What the dock's fake keeper promises, the real keeper keeps, over its own HTTP."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from django.core.wsgi import get_wsgi_application

from listkeep.core.sealing import format_token
from listkeep.keeper.gate.sign_in import codes
from listkeep.wire.keeper import KeeperClient
from listkeep.wire.lines import Answer, Lines
from tests.fakes.contract_of_sends import SENDS
from tests.fakes.keeper_contract import CONTRACT
from tests.fakes.keeper_stage import Stage
from tests.keeper.edge import set_clock
from tests.keeper.flows import DROP, code_of, finish
from tests.keeper.instance import service_key
from tests.keeper.mailing import grant_send
from tests.keeper.renewing import renew_index_key
from tests.keeper.sending import add_domain, add_route, send_subject
from tests.keeper.telling import add_contact
from tests.keeper.world import Rows, World


class _InProcess(Lines):
    """Questions that reach the application without a socket."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def ask(self, path: str, body: bytes) -> Answer:
        response = self._http.post(f"http://keeper{path}", content=body)
        return Answer(response.status_code, response.content)


@pytest.mark.parametrize("promise", [*CONTRACT, *SENDS], ids=lambda each: each.__name__)
def test_the_keeper_keeps_what_its_fake_promises(
    world: World,
    promise: Callable[[Stage], None],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    set_clock(monkeypatch, world.clock)
    keeper = KeeperClient(tmp_path / "unused", service_key=service_key("dock"))
    keeper._http = httpx.Client(
        transport=httpx.WSGITransport(app=get_wsgi_application()),
        base_url="http://keeper/v1/",
        headers=keeper._http.headers,
    )
    keeper._lines = _InProcess(keeper._http)
    promise(
        Stage(
            keeper=keeper,
            owner=world.caller("ada"),
            stranger=world.caller("eve"),
            app=world.caller("app"),
            intake=world.caller("intake"),
            grant_export=lambda list_id, selection, cap: (
                world.granted_export(Rows(list_id, [], []), cap, selection=selection).id
            ),
            grant_send=lambda list_id, selection, cap: _grant_send(
                world, Rows(list_id, [], []), selection, cap
            ),
            grant_erasure=lambda _list_id, token, keep: (
                world.ask(
                    "ada",
                    "entry.erase",
                    {"keep": "yes" if keep else "no"},
                    selection=format_token(token),
                ).id
            ),
            open_export=world.unpack,
            issue_code=lambda client, challenge: issue_code(world, client, challenge),
            add_contact=lambda name, where: add_contact(world, name, where),
            wait=lambda span: _wait(world, span),
            act=lambda: _act(world),
            renew_index_key=lambda: _renew_index_key(world),
        )
    )


def issue_code(world: World, client: str, challenge: str) -> str:
    flow = codes.begin_flow(
        world.gate,
        client=client,
        redirect=DROP,
        state="s" * 43,
        challenge=challenge,
        now=world.now,
    )
    return code_of(finish(world, flow, "ada"))


def _grant_send(world: World, rows: Rows, selection: str, cap: int) -> str:
    add_route(world)
    add_domain(world)
    subject = send_subject(fields="name")
    # The whole of the week that a campaign may take, as the fake has it.
    return grant_send(
        world,
        rows,
        cap,
        selection=selection,
        subject=subject,
        valid_seconds=7 * 86_400,
    )


def _renew_index_key(world: World) -> None:
    renew_index_key(world)


def _wait(world: World, span: timedelta) -> None:
    world.now += span


def _act(world: World) -> None:
    world.freeze("ada")
