"""Lists as the ledger knows them: whose, which facets, which sealed fields."""

import re
from dataclasses import replace
from datetime import datetime

from listkeep.core.errors import (
    Code,
    ConflictError,
    MalformedError,
    RefusedError,
    UnavailableError,
)
from listkeep.core.grants import Right, format_time
from listkeep.core.ledger.events import Event
from listkeep.core.registry.facts import ListFacts, Service
from listkeep.core.registry.held_keys import first_key, index_key, list_key
from listkeep.core.registry.state import Registry
from listkeep.core.segments import Schema
from listkeep.keeper.gate.decisions.drafts import find_list
from listkeep.keeper.gate.refusals import recorded_refusals
from listkeep.keeper.gate.sign_in.callers import reach, resolve_caller
from listkeep.keeper.gate.turns import Gate
from listkeep.keeper.keys import KeyStore
from listkeep.wire import messages as m
from listkeep.wire.identifiers import new_id

from .guests import admit_guest, as_guest, is_guest, knock

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_FIELD = re.compile(r"[a-z][a-z0-9_]{0,39}")
_MAX_FIELDS = 200


def authorize(
    gate: Gate, message: m.Authorize, *, carrier: Service, now: datetime
) -> m.Principal:
    """Say whether a caller has a right, on one list where one is named.

    Raises:
        RefusedError: No; as ``not-found`` where the caller may not know the list.
        MalformedError: There is no such right.
    """
    if message.right not in frozenset(Right):
        raise MalformedError(
            "there is no such right", hint=f"one of {', '.join(sorted(Right))}"
        )
    with (
        recorded_refusals(gate, "support", now=now) as attempt,
        gate.view(now) as registry,
    ):
        principal = resolve_caller(
            gate, registry, message.caller, carrier=carrier, now=now
        )
        if message.list is not None:
            attempt.who, attempt.list_id = knock(registry, principal, message.list)
            principal = as_guest(
                registry,
                principal,
                message.list,
                reach=reach(message.caller, carrier=carrier),
                now=now,
            )
            find_list(registry, message.list, tenant=principal.tenant)
        require_right(principal, message.right)
        may_stay = not is_guest(registry, principal)
    if not may_stay:
        _admit(gate, principal, message.list or "", message.right, now=now)
    return principal


def create_list(
    gate: Gate, message: m.CreateList, *, carrier: Service, now: datetime
) -> m.ListRecord:
    """Open a list for the caller's tenant, with keys of its own.

    Raises:
        ConflictError: The tenant has a list of this name.
        MalformedError: A name, facet or field cannot be used.
    """
    with gate.turn(now) as turn:
        principal = resolve_caller(
            gate, turn.registry, message.caller, carrier=carrier, now=now
        )
        require_right(principal, Right.TOUCH)
        if principal.kind != "person":
            raise RefusedError("lists are made by people")
        _require_name(turn.registry, message.name, tenant=principal.tenant)
        facets = Schema.parse(message.facets).format()
        _check_fields(message.fields, taken=_facet_names(facets))
        found = ListFacts(
            id=new_id("l"),
            tenant=principal.tenant,
            name=message.name,
            facets=facets,
            fields=message.fields,
            created_at=now,
            keys=first_key(now),
        )
        _require_index_key(gate.store, turn.registry, found.tenant)
        gate.store.create(list_key(found.id))
        turn.append(
            Event.LIST_CREATED,
            {
                "tenant": found.tenant,
                "name": found.name,
                "facets": " ".join(found.facets),
                "fields": " ".join(found.fields),
                "person": principal.id,
            },
            list_id=found.id,
        )
        return record_of(found)


def _require_index_key(store: KeyStore, registry: Registry, tenant: str) -> None:
    """Make a tenant's index key for its first list, and never another in its place.

    Raises:
        UnavailableError: It had one, which is gone.
    """
    held = registry.index_keys.get(tenant)
    if held is None:
        store.create(index_key(tenant))
    elif not store.has(index_key(tenant, held[-1].number)):
        raise UnavailableError(
            "the index key of this tenant is not in the key store",
            code=Code.KEY_UNAVAILABLE,
            hint="if the tenant was closed and the end of the ledger lost, close it "
            "again; else put back the newest copy of the key store",
        )


def extend_list(
    gate: Gate, message: m.ExtendList, *, carrier: Service, now: datetime
) -> m.ListRecord:
    """Append sealed fields to a list; order and meaning of the others stay.

    Raises:
        MalformedError: A field's name cannot be used or is there already.
    """
    with gate.turn(now) as turn:
        principal = resolve_caller(
            gate, turn.registry, message.caller, carrier=carrier, now=now
        )
        found = find_list(turn.registry, message.list, tenant=principal.tenant)
        require_right(principal, Right.TOUCH)
        if principal.kind == "app":
            raise RefusedError("an application's key adds no fields")
        _check_fields(
            message.fields, taken={*found.fields, *_facet_names(found.facets)}
        )
        if len(found.fields) + len(message.fields) > _MAX_FIELDS:
            raise MalformedError(f"a list has at most {_MAX_FIELDS} fields")
        turn.append(
            Event.LIST_EXTENDED,
            {"fields": " ".join(message.fields), "principal": principal.id},
            list_id=found.id,
        )
        extended = (*found.fields, *message.fields)
    return record_of(replace(found, fields=extended))


def show_lists(
    gate: Gate, message: m.ShowLists, *, carrier: Service, now: datetime
) -> m.ListRecords:
    """Show the caller's tenant's lists, or one of them.

    Raises:
        RefusedError: There is no such list for this caller, or the right is missing.
    """
    with (
        recorded_refusals(gate, "support", now=now) as attempt,
        gate.view(now) as registry,
    ):
        principal = resolve_caller(
            gate, registry, message.caller, carrier=carrier, now=now
        )
        may_stay = True
        if message.list:
            attempt.who, attempt.list_id = knock(registry, principal, message.list)
            principal = as_guest(
                registry,
                principal,
                message.list,
                reach=reach(message.caller, carrier=carrier),
                now=now,
            )
            found = [find_list(registry, message.list, tenant=principal.tenant)]
            may_stay = not is_guest(registry, principal)
        else:
            require_right(principal, Right.VIEW)
            found = [
                known
                for known in registry.lists.values()
                if known.tenant == principal.tenant
            ]
    if not may_stay:
        _admit(gate, principal, message.list, Right.VIEW, now=now)
    return m.ListRecords(lists=tuple(record_of(known) for known in found))


def _admit(
    gate: Gate, principal: m.Principal, name: str, right: str, *, now: datetime
) -> None:
    """Record a guest's touch, if the consent stands in that very turn.

    Raises:
        RefusedError: The consent was withdrawn, or the budget of tenants is spent.
    """
    with (
        recorded_refusals(gate, "support", now=now) as attempt,
        gate.turn(now) as turn,
    ):
        found = find_list(turn.registry, name, tenant=principal.tenant)
        attempt.who, attempt.list_id = principal.id, found.id
        admit_guest(turn, principal, found, right)


def require_right(principal: m.Principal, right: str) -> None:
    """Require one of the separate rights.

    Raises:
        RefusedError: The caller's role or kind does not have it.
    """
    if right not in principal.rights:
        raise RefusedError(
            f"the right to {right} is not given to this caller",
            hint="ask an owner of the tenant",
        )


def record_of(found: ListFacts) -> m.ListRecord:
    """Describe a list to another building."""
    return m.ListRecord(
        id=found.id,
        tenant=found.tenant,
        name=found.name,
        facets=found.facets,
        fields=found.fields,
        created_at=format_time(found.created_at),
    )


def _facet_names(facets: tuple[str, ...]) -> set[str]:
    return {facet.partition(":")[0] for facet in facets}


def _require_name(registry: Registry, name: str, *, tenant: str) -> None:
    if not _NAME.fullmatch(name):
        raise MalformedError(
            "a list is named with a-z, 0-9, dash and underscore",
            code=Code.REQUEST_INVALID,
        )
    for known in registry.lists.values():
        if known.tenant == tenant and known.name == name:
            raise ConflictError(
                "there is a list of this name",
                code=Code.ALREADY_EXISTS,
                hint="import into it, or choose another name",
            )


def _check_fields(fields: tuple[str, ...], *, taken: set[str]) -> None:
    for name in fields:
        if not _FIELD.fullmatch(name):
            raise MalformedError("a field is named with a-z, 0-9 and underscore")
    if len({*fields, *taken}) != len(fields) + len(taken):
        raise MalformedError("a field of this name is there already")
