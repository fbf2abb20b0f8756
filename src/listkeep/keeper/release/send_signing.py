"""Sign mail of a send with the keys of its sender's domain, which never leave.

The keeper signs digests and cannot see of what. Whoever has the dock's key and a live
send can have something else signed for that domain, as often as rows were opened.
"""

from datetime import datetime
from pathlib import Path

from listkeep.core.errors import Code, RefusedError
from listkeep.core.registry.facts import Service
from listkeep.core.registry.sending import SendingDomain, SigningAlgorithm
from listkeep.keeper.gate.refusals import Attempt, record_rarely
from listkeep.keeper.gate.turns import Gate
from listkeep.keeper.keys import sign_digest
from listkeep.wire.messages import sends as d

from .send_calls import SendCall
from .watches import Sight, watches_of


def sign_for_send(
    gate: Gate, message: d.SignForSend, *, carrier: Service, spool: Path, now: datetime
) -> d.SignedForSend:
    """Sign digests for the domain of a live send, at most one for each opened row.

    Raises:
        RefusedError: The send does not stand, does not sign with this key, or signed
            as often already as rows were opened.
        UnavailableError: The key is not there, or what is signed cannot be counted.
    """
    attempt = Attempt("send", who=carrier.id, request=message.request)
    try:
        sight = watches_of(gate).of(message.request).require(now)
        attempt.list_id = sight.found.id
        domain, algorithm = _find_key(sight, message)
        call = SendCall(gate, carrier, spool, now)
        with call.hold(sight.facts, pace=sight.send.pace) as tally:
            tally.sign(f"{algorithm} {domain.id}", len(message.digests))
    except RefusedError as error:
        if error.code is not Code.NOT_FOUND:
            record_rarely(gate, attempt, error.code, now=now)
        raise
    return d.SignedForSend(
        signatures=[
            sign_digest(gate.store, domain, algorithm, digest)
            for digest in message.digests
        ]
    )


def _find_key(
    sight: Sight, message: d.SignForSend
) -> tuple[SendingDomain, SigningAlgorithm]:
    """Find the key by all of its names; the sender's domain has it, or nobody."""
    for domain in sight.domains:
        for algorithm in domain.algorithms:
            names = (algorithm.value, domain.name, domain.selector_of(algorithm))
            if names == (message.algorithm, message.domain, message.selector):
                return domain, algorithm
    raise RefusedError(
        "this send does not sign with such a key",
        code=Code.NOT_PERMITTED,
        hint="it signs for the domain of its sender; see `listkeep domain ls`",
    )
