"""A browser that signs in: what it remembers, what a person signs, where it lands."""

from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from listkeep.keeper.gate.sign_in import codes
from listkeep.keeper.gate.turns import Gate
from listkeep.wire import messages as m
from listkeep.wire.flows import BegunFlow, begin_flow, challenge_of

from .instance import SERVICES
from .world import World

DROP = "http://drop.localhost:8480/signed-in"
LOOPBACK = "http://127.0.0.1:50123/"
DOCK = SERVICES["dock"][0]


@dataclass(frozen=True)
class Program:
    """Whoever began a flow and alone knows its verifier."""

    world: World
    begun: BegunFlow
    carrier: str

    @classmethod
    def of_dock(cls, world: World, redirect: str = DROP) -> "Program":
        return cls(world, begin_flow(DOCK, redirect=redirect), DOCK)

    @classmethod
    def of_cli(cls, world: World, client: str = "cli") -> "Program":
        return cls(world, begin_flow(client, redirect=LOOPBACK), "keeper")

    def open_page(self) -> codes.Flow:
        """What the keeper's page makes of the link."""
        return codes.begin_flow(
            self.world.gate,
            client=self.begun.client,
            redirect=self.begun.redirect,
            state=self.begun.state,
            challenge=challenge_of(self.begun.verifier),
            now=self.world.now,
        )

    def sign(self, name: str) -> str:
        """Have somebody sign in on the page; give where the browser is sent."""
        return finish(self.world, self.open_page(), name)

    def code(self, name: str) -> str:
        return code_of(self.sign(name))

    def redeem(
        self, code: str, *, verifier: str = "", client: str = "", carrier: str = ""
    ) -> m.Session:
        message = self.message(code, verifier=verifier, client=client)
        return self.redeem_at(self.world.gate, message, carrier=carrier)

    def message(
        self, code: str, *, verifier: str = "", client: str = ""
    ) -> m.RedeemCode:
        return m.RedeemCode(
            code=code,
            verifier=verifier or self.begun.verifier,
            client=client or self.begun.client,
        )

    def redeem_at(
        self, gate: Gate, message: m.RedeemCode, *, carrier: str = ""
    ) -> m.Session:
        return codes.redeem_code(
            gate, message, carrier=carrier or self.carrier, now=self.world.now
        )


def finish(world: World, flow: codes.Flow, name: str) -> str:
    person = world.meet(name)
    assertion = person.sign(flow.statement)
    return codes.finish_flow(
        world.gate, flow, person.credential, assertion, now=world.now
    )


def code_of(address: str) -> str:
    return parse_qs(urlsplit(address).query)["code"][0]
