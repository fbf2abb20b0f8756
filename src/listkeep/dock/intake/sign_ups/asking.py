"""Take a sign-up: the same work and the same answer, whoever it is about."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from django.db import transaction

from listkeep.core.addresses import parse_address
from listkeep.core.errors import Code, MalformedError, RefusedError
from listkeep.core.files.values import Batch
from listkeep.dock.intake.encoding import Encoding, pack
from listkeep.dock.intake.pipeline import Sealed, seal_batches
from listkeep.dock.lists import bulk
from listkeep.dock.lists.access import Visit
from listkeep.dock.lists.keeper import Keeper
from listkeep.dock.lists.known import KnownTokens
from listkeep.dock.lists.paces import Pace, network_of
from listkeep.wire import messages as m

from .models import SignUp

MAX_FIELD_CHARACTERS = 1000


NETWORKS: Final = Pace("sign-ups", per_minute=6, burst=12)
LISTS: Final = Pace("sign-ups", per_minute=60, burst=300)


def sign_up(  # noqa: PLR0913 - one sign-up is described by all of these
    visit: Visit,
    *,
    address: str,
    fields: Mapping[str, str],
    source: str,
    keeper: Keeper,
    now: datetime,
) -> None:
    """Seal a sign-up and write it down, to be asked by mail whether it is meant.

    ``source`` is where the visitor came from, an address of the network.

    Raises:
        MalformedError: This is no address, or a field the list does not seal.
        RefusedError: It is no intake service that asks, or there were too many.
        UnavailableError: Keeper or database do not answer.
    """
    require_intake(visit)
    require_pace(visit.record.id, source, at=now.timestamp())
    batch = _batch(visit, address, fields)
    ticket = keeper.start_import(
        m.StartImport(caller=visit.caller, list=visit.record.id)
    )
    sealed, proof = _seal(visit, batch, fields, ticket=ticket.ticket, keeper=keeper)
    if not sealed.rows:
        raise _no_address()
    [(token, batch_id, position, seal, facets, _)] = sealed.rows
    with bulk.translated():
        SignUp.objects.create(
            list_id=visit.record.id,
            ticket=ticket.ticket,
            token=token,
            proof=proof,
            batch_id=batch_id,
            position=position,
            sealed=seal,
            facets=facets,
            schema=" ".join(visit.record.facets),
            state=SignUp.State.ASKED,
            at=int(now.timestamp()),
        )


def require_intake(visit: Visit) -> None:
    """Require an intake service: people and applications sign nobody up.

    Raises:
        RefusedError: It is somebody else.
    """
    if visit.principal.kind != "intake":
        raise RefusedError(
            "only an intake service signs people up",
            code=Code.NOT_PERMITTED,
            hint="make one with `listkeep service add --kind intake`",
        )


def require_pace(list_id: str, source: str, *, at: float) -> None:
    """Count one sign-up, of a network and for a list.

    A network that is refused uses nothing up of what the list takes from others, and
    while the list takes nothing, no network is noted: the table stays small.

    Raises:
        RefusedError: There were too many, from there or at all.
        UnavailableError: The database does not answer.
    """
    with bulk.translated(), transaction.atomic():
        is_let = NETWORKS.lets(network_of(source), at=at, list_id=list_id)
        is_let = is_let and LISTS.lets("", at=at, list_id=list_id)
        if not is_let:
            transaction.set_rollback(True)
    if not is_let:
        raise RefusedError(
            "too many sign-ups in a short time",
            code=Code.OVER_PACE,
            hint="ask the visitor to try again in some minutes",
        )


def _batch(visit: Visit, address: str, fields: Mapping[str, str]) -> Batch:
    unknown = set(fields) - set(visit.record.fields)
    if unknown or any(len(text) > MAX_FIELD_CHARACTERS for text in fields.values()):
        raise MalformedError(
            "a sign-up carries what the list seals, at most 1,000 characters each",
            hint="`listkeep list show LIST` names the sealed fields; a sign-up has no "
            "facets",
        )
    return Batch(
        lines=[1],
        addresses=[parse_address(address).spelling],
        statuses=["subscribed"],
        columns=[[text] for text in fields.values()],
    )


def _seal(
    visit: Visit,
    batch: Batch,
    fields: Mapping[str, str],
    *,
    ticket: str,
    keeper: Keeper,
) -> tuple[Sealed, bytes]:
    encoding = Encoding(tuple(fields), schema=visit.schema, sealed=visit.record.fields)
    packed = pack(encoding.encode(batch), ticket=ticket)
    answer = keeper.seal_packed(packed.message)
    [sealed] = seal_batches(
        [packed],
        seal=lambda _: answer,
        find_known=KnownTokens(visit.record.tenant, keeper).find,
    )
    return sealed, answer.proof


def _no_address() -> MalformedError:
    return MalformedError("this is not an address", code=Code.ADDRESS_INVALID)
