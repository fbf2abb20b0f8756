"""A few entries as examples, and no way from them to the rest."""

import json

import pytest
from django.test import Client

from listkeep.wire import messages as m
from tests.dock.conftest import Api
from tests.fakes.keeper import FakeKeeper


@pytest.fixture
def many(ada: Api) -> str:
    list_id = ada.open_list("many", ["n:int"])
    lines = "".join(f"person{n}@example.com,{n}\n" for n in range(60))
    answer = ada.send(
        list_id, f"E-mail,n\n{lines}".encode(), mapping={"address": "E-mail"}
    )
    assert answer.status == 200, answer.content
    return list_id


def test_it_is_twenty_at_most_and_always_the_same(ada: Api, many: str) -> None:
    first, again = (ada.get(f"/lists/{many}/sample").json for _ in range(2))

    assert len(first["entries"]) == 20
    assert first == again
    assert {tuple(entry) for entry in first["entries"]} == {("status", "facets")}


def test_it_follows_the_segment(ada: Api, many: str) -> None:
    found = ada.get(f"/lists/{many}/sample", segment="n < 3").json

    assert sorted(entry["facets"]["n"] for entry in found["entries"]) == [0, 1, 2]
    assert found["segment"] == "n < 3"


def test_it_is_not_for_strangers(eve: Api, intake: Api, nobody: Api, many: str) -> None:
    statuses = [each.get(f"/lists/{many}/sample").status for each in (eve, intake)]

    assert set(statuses) <= {403, 404}
    assert nobody.get(f"/lists/{many}/sample").status == 401


# --- the console, which looks and no more ---


@pytest.fixture
def console(ada: Api, keeper: FakeKeeper) -> Api:
    """Ada as the keeper knows her when the console carries her session."""
    assert ada.caller is not None
    known = keeper.principals[ada.caller.session]
    keeper.principals["lks_console"] = replace_rights(known, ("view",))
    return Api(m.Caller(session="lks_console", service_key="lkk_console"))


def replace_rights(principal: m.Principal, rights: tuple[str, ...]) -> m.Principal:
    return m.Principal(
        kind=principal.kind,
        id=principal.id,
        name=principal.name,
        tenant=principal.tenant,
        rights=rights,
    )


def test_the_console_streams_no_tokens(console: Api, many: str) -> None:
    assert console.get(f"/lists/{many}/sample").status == 200
    assert console.get(f"/lists/{many}/history").status == 200
    for query in ({}, {"stream": "csv"}, {"stream": "jsonl"}):
        assert console.get(f"/lists/{many}/tokens", **query).status == 403


def test_both_of_its_credentials_reach_the_keeper(
    console: Api, keeper: FakeKeeper, many: str
) -> None:
    console.get(f"/lists/{many}/sample")

    callers = [each.caller for each in keeper.seen if isinstance(each, m.Authorize)]
    assert callers[-1] == console.caller


@pytest.mark.parametrize(
    ("bearer", "session"),
    [("lks_a", "lks_b"), ("lkk_a", "lkk_b"), ("lkk_a", "x"), ("", "lks_b")],
)
def test_other_pairs_of_credentials_are_nobody(
    many: str, bearer: str, session: str
) -> None:
    headers = {"listkeep-session": session}
    if bearer:
        headers["authorization"] = f"Bearer {bearer}"

    answer = Client().get(f"/v1/lists/{many}/sample", headers=headers)

    assert answer.status_code == 401
    assert json.loads(answer.content)["code"] == "not-signed-in"
