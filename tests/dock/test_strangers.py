"""Eve does not belong: every address of the API is tried as her, and as nobody.

The table below must name every operation; a new one without its Eve fails here.
"""

import json
from typing import Any, NamedTuple

import pytest
from django.test import Client

from listkeep.core.errors import Code, RefusedError
from listkeep.dock.lists.models import Entry
from listkeep.dock.project.api import api
from tests.dock.conftest import Api, token_text
from tests.dock.letters import eml, subject_of
from tests.dock.pages.links import make_form
from tests.dock.test_import_refused import GOOD
from tests.fakes.keeper import FakeKeeper


class Door(NamedTuple):
    """One operation, and a body that would be right."""

    method: str
    path: str
    body: Any = None
    right: str = "view"
    status: int = 404  # what a stranger is told


TIME = "2026-01-05T12:00:00Z"
DOORS = (
    Door("POST", "/lists/{list_name}/imports", {}, "touch"),
    Door("PUT", "/imports/{import_id}/file", GOOD, "touch"),
    Door("GET", "/imports/{import_id}", right="touch"),
    Door("GET", "/imports/{import_id}/rejects", right="touch"),
    Door("GET", "/lists/{list_name}/history"),
    Door("GET", "/lists/{list_name}/restore-preview", right="touch"),
    Door("POST", "/lists/{list_name}/restores", {"to": TIME, "latest": 1}, "touch"),
    Door("POST", "/restores/{restore_id}/run", {}, "touch"),
    Door("GET", "/restores/{restore_id}", right="touch"),
    Door("POST", "/erasures", {"request": "{erasure}", "token": "{token}"}, "touch"),
    Door("GET", "/lists/{list_name}"),
    Door("GET", "/lists/{list_name}/count"),
    Door("GET", "/lists/{list_name}/facets"),
    Door("GET", "/lists/{list_name}/sample"),
    Door("GET", "/lists/{list_name}/tokens", right="touch"),
    Door(
        "POST",
        "/lists/{list_name}/look-up",
        {"address": "anna@example.com"},
        "look-up",
    ),
    Door("GET", "/lists/{list_name}/entries/{token}"),
    Door("PATCH", "/lists/{list_name}/entries/{token}", {"status": "bounced"}, "touch"),
    Door(
        "POST",
        "/lists/{list_name}/suppress",
        {"tokens": ["{token}"], "reason": "bounced"},
        "touch",
    ),
    Door("POST", "/lists/{list_name}/sealed", {"tokens": ["{token}"]}, "reveal"),
    Door("GET", "/lists/{list_name}/returned"),
    Door(
        "POST",
        "/lists/{list_name}/sign-ups",
        {"address": "new@example.com"},
        "touch",
    ),
    Door(
        "POST",
        "/lists/{list_name}/forms",
        {"title": "News", "text": "", "origins": []},
        "touch",
    ),
    Door("GET", "/lists/{list_name}/forms", right="touch"),
    Door("DELETE", "/lists/{list_name}/forms/{form_id}", right="touch"),
    Door("GET", "/lists/{list_name}/returned/webhook", right="administer"),
    Door(
        "PUT",
        "/lists/{list_name}/returned/webhook",
        {"contact": "d_hook"},
        "administer",
    ),
    Door("DELETE", "/lists/{list_name}/returned/webhook", right="administer"),
    Door(
        "POST",
        "/lists/{list_name}/returned/held",
        {"decision": "drop"},
        "administer",
    ),
    Door("POST", "/exports", {"request": "{request}"}, "export"),
    Door("PUT", "/sends/{request_id}/template", eml(), "send"),
    Door("POST", "/sends/{request_id}/begin", {}, "send"),
    Door("POST", "/sends/{request_id}/end", {}, "send"),
    Door("POST", "/sends/{request_id}/start", {}, "send"),
    Door("GET", "/sends/{request_id}", right="send"),
    Door("POST", "/sends/{request_id}/pause", {}, "send"),
    Door("POST", "/sends/{request_id}/resume", {}, "send"),
    Door("PUT", "/lists/{list_name}/templates", eml(), "send"),
    Door("GET", "/lists/{list_name}/templates"),
    Door("GET", "/lists/{list_name}/sends"),
    Door("GET", "/lists/{list_name}/sends/{request_id}"),
    Door("GET", "/lists/{list_name}/sends/{request_id}/providers"),
    Door("GET", "/exports/{export_id}", right="export"),
    Door("GET", "/exports/{export_id}/file", right="export"),
)
# Whoever may not administer knows of none, a colleague no more than a stranger.
KNOWN = (
    Door("GET", "/incidents/{incident_id}", right="administer"),
    Door("POST", "/incidents/{incident_id}/notes", {"text": "mine"}, "administer"),
    Door("POST", "/incidents/{incident_id}/close", {"reason": "none"}, "administer"),
)
# A stranger has lists of her own: here she sees hers and no others.
OWN = (
    Door("GET", "/lists"),
    Door("POST", "/lists", {"name": "mine"}, "touch"),
    Door("GET", "/notices"),
    Door("GET", "/incidents"),
)
OPEN = (Door("GET", "/health"),)


@pytest.fixture
def names(keeper: FakeKeeper, ada: Api, news: str) -> dict[str, str]:
    """Real names of everything the doors lead to."""
    request = keeper.grant_export(news, selection="all", cap=10)
    restore = ada.post(f"/lists/{news}/restores", {"to": TIME, "latest": 1})
    token = keeper.token_of("acme", "anna@example.com")
    return {
        "list_name": news,
        "restore_id": restore.json["id"],
        "erasure": keeper.grant_erasure(news, token, keep=True),
        "import_id": ada.begin_import(news),
        "token": token_text(keeper, "anna@example.com"),
        "request": request,
        "request_id": keeper.sign_send(news, **subject_of(eml())),
        "export_id": ada.post("/exports", {"request": request}).json["id"],
        "form_id": make_form(Api(keeper.add_service("intake", "acme"))),
        "incident_id": keeper.open_incident("rows-invalid", list_id=news).id,
    }


def test_the_table_names_every_operation_of_the_api() -> None:
    documented = {
        (method.upper(), path.removeprefix("/v1"))
        for path, methods in api.get_openapi_schema()["paths"].items()
        for method in methods
    }

    assert documented == {
        (door.method, door.path) for door in DOORS + KNOWN + OWN + OPEN
    }


def test_every_operation_but_health_asks_for_a_bearer() -> None:
    paths = api.get_openapi_schema()["paths"]
    without = {
        path
        for path, methods in paths.items()
        for operation in methods.values()
        if not operation.get("security")
    }

    assert without == {"/v1/health"}


@pytest.mark.parametrize(
    "door", DOORS + KNOWN, ids=lambda door: f"{door.method} {door.path}"
)
def test_eve_is_told_that_there_is_no_such_thing(
    keeper: FakeKeeper, eve: Api, names: dict[str, str], door: Door
) -> None:
    before = list(Entry.objects.values())
    seen = len(keeper.calls)

    answer = knock(eve, door, names)

    assert (answer.status, answer.json["code"]) == (door.status, "not-found")
    assert list(Entry.objects.values()) == before
    assert set(keeper.calls[seen:]) <= {
        *("show_lists", "show_requests", "show_incidents", "close_incident"),
        "look_up",  # asks for list and right itself
    }
    assert not keeper.looked_up
    text = answer.content.decode()
    assert not any(name in text for name in names.values())
    unknown = {key: "a" * 26 if key == "token" else "nowhere" for key in names}
    assert knock(eve, door, unknown).content == answer.content


@pytest.mark.parametrize(
    "door", DOORS + KNOWN + OWN, ids=lambda door: f"{door.method} {door.path}"
)
def test_nobody_is_let_in(
    keeper: FakeKeeper, nobody: Api, names: dict[str, str], door: Door
) -> None:
    seen = len(keeper.calls)

    answer = knock(nobody, door, names)

    assert (answer.status, answer.json["code"]) == (401, "not-signed-in")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert len(keeper.calls) == seen


@pytest.mark.parametrize(
    "door", DOORS + KNOWN + OWN, ids=lambda door: f"{door.method} {door.path}"
)
def test_a_session_that_was_revoked_a_moment_ago_is_refused(
    keeper: FakeKeeper, ada: Api, names: dict[str, str], door: Door
) -> None:
    assert ada.caller is not None
    del keeper.principals[ada.caller.session]

    answer = knock(ada, door, names)

    # An import or a run is found first; then it is the keeper who is asked.
    assert (answer.status, answer.json["code"]) == (401, "not-signed-in")


@pytest.mark.parametrize("door", DOORS, ids=lambda door: f"{door.method} {door.path}")
def test_a_colleague_without_the_right_is_refused(
    keeper: FakeKeeper, names: dict[str, str], door: Door
) -> None:
    every = ("view", "touch", "look-up", "reveal", "export")
    rights = [right for right in every if right != door.right]
    vera = Api(keeper.add_person("vera", "acme", rights))
    before = list(Entry.objects.values())

    answer = knock(vera, door, names)

    assert (answer.status, answer.json["code"]) == (403, "not-permitted")
    assert list(Entry.objects.values()) == before


@pytest.mark.parametrize("door", KNOWN, ids=lambda door: f"{door.method} {door.path}")
def test_a_colleague_without_the_right_is_told_of_none(
    keeper: FakeKeeper, names: dict[str, str], door: Door
) -> None:
    vera = Api(keeper.add_person("vera", "acme"))

    answer = knock(vera, door, names)

    assert (answer.status, answer.json["code"]) == (404, "not-found")
    assert vera.get("/incidents").json == {"incidents": []}
    assert not next(iter(keeper.incidents.values())).closed_at


def test_eve_sees_her_own_lists_only(ada: Api, eve: Api, news: str) -> None:
    hers = eve.open_list("news")

    assert [one["id"] for one in eve.get("/lists").json["lists"]] == [hers]
    assert eve.get("/lists/news").json["id"] == hers
    assert ada.get("/lists/news").json["id"] == news


def test_the_same_address_has_another_token_at_another_tenant(
    keeper: FakeKeeper, ada: Api, eve: Api, news: str
) -> None:
    hers = eve.open_list("news")
    eve.fill(hers, "anna@example.com,pro,DE,Anna")

    assert token_text(keeper, "anna@example.com") != token_text(
        keeper, "anna@example.com", tenant="other"
    )
    token = token_text(keeper, "anna@example.com")
    assert eve.get(f"/lists/{hers}/entries/{token}").status == 404


@pytest.mark.parametrize(
    "bearer",
    ["", "lks", "password", "lkk", "Basic YWJj", "lks_" + "x" * 600, "lks_ü", "lks_\0"],
)
def test_a_bearer_of_no_known_kind_is_refused(
    keeper: FakeKeeper, news: str, bearer: str
) -> None:
    seen = len(keeper.calls)
    answer = Client().get(
        f"/v1/lists/{news}", headers={"authorization": f"Bearer {bearer}"}
    )

    assert answer.status_code == 401
    assert all(call == "show_lists" for call in keeper.calls[seen:])


def test_a_keeper_that_hesitates_opens_no_door(
    keeper: FakeKeeper, ada: Api, names: dict[str, str]
) -> None:
    for question in (
        *("authorize", "look_up", "read_notices"),
        *("show_incidents", "close_incident"),
    ):
        keeper.break_at(question, RefusedError("frozen", code=Code.FROZEN))

    for door in DOORS + KNOWN + OWN:
        answer = knock(ada, door, names)
        assert (answer.status, answer.json["code"]) == (403, "frozen"), door


def knock(caller: Api, door: Door, names: dict[str, str]) -> Any:
    """Do what a door is for, with real names in it."""
    path = door.path
    for key, value in names.items():
        path = path.replace(f"{{{key}}}", value)
    if isinstance(door.body, bytes):
        return caller.put(path, door.body)
    body = door.body
    if body is not None:
        names = names | {f"{{{key}}}": value for key, value in names.items()}
        body = {
            key: [names["token"]] if key == "tokens" else names.get(str(value), value)
            for key, value in body.items()
        }
    match door.method:
        case "POST":
            return caller.post(path, body)
        case "PATCH":
            return caller.patch(path, body)
        case "PUT":
            return caller.call("PUT", path, json.dumps(body).encode())
        case "DELETE":
            return caller.call("DELETE", path)
        case _:
            return caller.get(path)
