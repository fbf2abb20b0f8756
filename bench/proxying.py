"""Legs ``proxy`` and ``proxy-dkim``: mail of a send through the delivery proxy.

Ours is all of it: SMTP with a login, the message held against the template that was
signed for, a claim on the disk, one row opened by the keeper under its lease, the
letter built anew, signed in the keeper (`proxy-dkim`), SMTP out, and the outcome on the
disk before the answer. The reference is a bare relay of the same libraries in one
process, which parses each message once, signs with a key in its memory, and writes
nothing.

CPU per message is the steadier figure: of the dock's proxy and the keeper together,
over that of the relay.
"""

from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from bench.harness import Bound, Result, alternate, sum_up
from bench.instance import forget_peak, peak_megabytes
from bench.sending import (
    Sending,
    begin_send,
    cpu_seconds,
    hand_over,
    sending_instance,
    serving,
    write_letters,
)

MOST_MESSAGES = 10_000
MOST_CPU = 2.0
LEAST = {"proxy": 700, "proxy-dkim": 450}


@dataclass(frozen=True)
class Leg:
    """Mail that is signed, or not."""

    name: str
    signs: bool

    def run(self, *, rows: int, rounds: int) -> Result:
        """Measure how many messages a second reach the sink."""
        count = min(rows, MOST_MESSAGES)
        with (
            serving("bench.mailing.sink") as (sink, _),
            sending_instance(count, signs=self.signs, sink=sink) as sending,
        ):
            words = [str(sending.sink)]
            if self.signs:
                words.append(str(_write_key(sending.running.home)))
            with serving("bench.mailing.relay", *words) as (port, pid):
                taking = Taking(sending, count, port, pid)
                forget_peak(sending.proxy)
                rates = alternate(taking.ours, taking.reference, rounds=rounds)
                peak = peak_megabytes(sending.proxy)
        ratio = median(
            a / b for a, b in zip(taking.our_cpu, taking.their_cpu, strict=True)
        )
        return sum_up(
            self.name,
            rates,
            rows=count,
            unit="messages/s",
            bounds=(
                (Bound("rate", at_least=LEAST[self.name]), median(rates.ours)),
                (Bound("CPU of the relay's", at_most=MOST_CPU), ratio),
            ),
            figures={
                "CPU of the relay's": round(ratio, 2),
                "ours, µs of CPU a message": round(median(taking.our_cpu)),
                "of which the keeper's": round(median(taking.keeper_cpu)),
                "reference, µs of CPU a message": round(median(taking.their_cpu)),
                "proxy, MB at most": round(peak),
            },
        )


@dataclass
class Taking:
    """Rounds over one instance: each has a send of its own, and the same letters."""

    sending: Sending
    count: int
    port: int
    pid: int
    our_cpu: list[float] = field(default_factory=list)
    keeper_cpu: list[float] = field(default_factory=list)
    their_cpu: list[float] = field(default_factory=list)

    @property
    def file(self) -> Path:
        """The letters of the round."""
        return self.sending.running.home / "bench-letters"

    def ours(self) -> float:
        """Send through the proxy."""
        sending = self.sending
        keeper = sending.running.supervisor.pid("keeper")
        write_letters(sending, begin_send(sending, self.count), self.file)
        before = cpu_seconds(keeper), cpu_seconds(sending.proxy)
        taken, seconds = hand_over(sending.port, self.file, sending.login)
        _require(taken, self.count)
        keepers = cpu_seconds(keeper) - before[0]
        proxys = cpu_seconds(sending.proxy) - before[1]
        self.keeper_cpu.append(keepers / taken * 1e6)
        self.our_cpu.append((keepers + proxys) / taken * 1e6)
        return taken / seconds

    def reference(self) -> float:
        """Send the same through the relay."""
        before = cpu_seconds(self.pid)
        taken, seconds = hand_over(self.port, self.file)
        _require(taken, self.count)
        self.their_cpu.append((cpu_seconds(self.pid) - before) / taken * 1e6)
        return taken / seconds


def _require(taken: int, count: int) -> None:
    if taken != count:
        raise SystemExit(f"bench: {count - taken} messages were not taken")


def _write_key(folder: Path) -> Path:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    path = folder / "bench-relay.pem"
    path.touch(mode=0o600)
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return path
