"""Signatures that are asked for elsewhere, or handed in another way."""

import hashlib

import pytest

from listkeep.core.errors import ListkeepError
from listkeep.core.grants import Statement
from listkeep.core.registry.passkeys import decode_base64url
from listkeep.wire import messages as m
from tests.pages.house import House
from tests.pages.visitor import Visitor


def statement_of(visitor: Visitor, view: m.RequestView, decision: str) -> Statement:
    return Statement(
        keeper=visitor.house.stage.keeper,
        person=visitor.person.person,
        credential=visitor.person.credential,
        decision=decision,
        request=hashlib.sha256(view.terms).hexdigest(),
    )


def assertion(statement: Statement, signed: dict[str, str]) -> m.Assertion:
    return m.Assertion(
        statement=statement.format(),
        authenticator_data=decode_base64url(signed["authenticator_data"]),
        client_data=decode_base64url(signed["client_data"]),
        signature=decode_base64url(signed["signature"]),
    )


def hand_in(house: House, view: m.RequestView, signed: m.Assertion) -> str:
    """Hand a stolen signature to the keeper; tell why it was refused."""
    with pytest.raises(ListkeepError) as caught:
        house.keeper.submit_statement(
            m.SubmitStatement(request=view.id, assertion=signed)
        )
    return caught.value.code.value
