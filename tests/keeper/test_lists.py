import pytest

from listkeep.core.errors import MalformedError
from listkeep.core.registry.held_keys import list_key
from listkeep.keeper.gate.custody import lists
from listkeep.keeper.gate.endpoint import open_store
from listkeep.wire import messages as m
from tests.keeper.instance import SERVICES, refusal
from tests.keeper.world import World


def extend(world: World, name: str, list_id: str, *fields: str) -> m.ListRecord:
    message = m.ExtendList(caller=world.caller(name), list=list_id, fields=fields)
    return lists.extend_list(
        world.gate, message, carrier=world.service("dock"), now=world.now
    )


def show(world: World, name: str, one: str = "") -> list[str]:
    message = m.ShowLists(caller=world.caller(name), list=one)
    answer = lists.show_lists(
        world.gate, message, carrier=world.service("dock"), now=world.now
    )
    return [record.name for record in answer.lists]


def authorize(
    world: World, name: str, right: str, list_id: str | None = None
) -> m.Principal:
    message = m.Authorize(caller=world.caller(name), right=right, list=list_id)
    return lists.authorize(
        world.gate, message, carrier=world.service("dock"), now=world.now
    )


def test_a_list_belongs_to_its_makers_tenant_and_has_a_key_of_its_own(
    world: World,
) -> None:
    one, two = world.create_list(by="ben"), world.create_list("more", by="ben")

    assert one.tenant == two.tenant
    keys = {open_store().get(list_key(found.id)) for found in (one, two)}
    assert len(keys) == 2
    assert world.events(2) == ["list.created", "list.created"]


def test_a_name_is_free_in_another_tenant_only(world: World) -> None:
    world.create_list()

    assert refusal(world.create_list) == "already-exists"
    assert world.create_list(by="eve").name == "news"


@pytest.mark.parametrize("name", ["cleo", "sam", "app", "intake"])
def test_lists_are_made_by_a_tenants_people(world: World, name: str) -> None:
    assert refusal(world.create_list, by=name) == "not-permitted"


@pytest.mark.parametrize(
    "shape",
    [
        {"name": "News Letter"},
        {"name": "../news"},
        {"facets": ("plan:colour",)},
        {"facets": ("plan:text", "plan:int")},
        {"facets": ("token:text",)},
        {"fields": ("name", "name")},
        {"fields": ("plan",)},
        {"fields": ("Full Name",)},
    ],
    ids=str,
)
def test_names_that_cannot_be_used_are_refused(
    world: World, shape: dict[str, object]
) -> None:
    with pytest.raises(MalformedError):
        world.create_list(**shape)  # type: ignore[arg-type]


def test_fields_are_only_ever_appended(world: World) -> None:
    found = world.create_list(fields=("name",))

    assert extend(world, "ben", found.id, "city").fields == ("name", "city")
    assert extend(world, "intake", found.id, "street").fields[-1] == "street"
    world.restart()
    assert world.registry.lists[found.id].fields == ("name", "city", "street")
    for taken in ("name", "plan", "city"):
        assert refusal(extend, world, "ben", found.id, taken) == "message-invalid"


def test_a_list_has_at_most_two_hundred_fields(world: World) -> None:
    found = world.create_list(fields=tuple(f"f{n}" for n in range(199)))

    code = refusal(extend, world, "ben", found.id, "one", "two")
    assert code == "message-invalid"


def test_everybody_sees_the_own_tenants_lists(world: World) -> None:
    found = world.create_list()
    world.create_list("eves", by="eve")

    assert show(world, "ben") == show(world, "app") == ["news"]
    assert show(world, "eve") == ["eves"]
    assert show(world, "ben", found.id) == show(world, "ben", "news") == ["news"]
    for name in ("eve", "cleo"):
        assert refusal(show, world, name, found.id) == "not-found"
        assert refusal(extend, world, name, found.id, "city") == "not-found"
    assert refusal(show, world, "cleo") == "not-permitted"


def test_rights_are_told_apart(world: World) -> None:
    found = world.create_list()

    expected = {
        "ada": {"view", "touch", "look-up", "reveal", "export", "administer"},
        "ben": {"view", "touch", "look-up", "reveal", "export"},
        "app": {"view", "touch"},
        "intake": {"touch"},
    }
    for name, rights in expected.items():
        for right in expected["ada"]:
            code = refusal(authorize, world, name, right, found.id)
            allowed = code == "it was not refused"
            assert allowed == (right in rights), (name, right, code)


def test_a_stranger_is_told_there_is_no_such_list(world: World) -> None:
    found = world.create_list()

    for name in ("eve", "cleo", "sam"):
        assert refusal(authorize, world, name, "view", found.id) == "not-found"
    assert refusal(authorize, world, "ben", "view", "l_nothing") == "not-found"


def test_a_right_that_does_not_exist_is_not_repeated(world: World) -> None:
    with pytest.raises(MalformedError) as caught:
        authorize(world, "ben", "planted@example.com")
    assert "planted" not in f"{caught.value.message} {caught.value.hint}"


def test_nobody_calls_without_a_session_or_a_key(world: World) -> None:
    message = m.ShowLists(caller=m.Caller())

    code = refusal(
        lists.show_lists,
        world.gate,
        message,
        carrier=world.service("dock"),
        now=world.now,
    )
    assert code == "not-signed-in"


def test_an_operators_service_key_gives_no_rights_in_a_tenant(world: World) -> None:
    found = world.create_list()

    assert refusal(authorize, world, "dock", "view", found.id) == "not-found"
    assert refusal(authorize, world, "console", "view") == "not-permitted"


def test_a_mail_server_may_hand_mail_over_and_nothing_else(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SERVICES, "relay", ("s_relayrelayre", "mta", ""))
    view = world.ask("cleo", "service.add", world.service_subject("relay"))
    world.sign("cyrus", view, "approve")

    principal = authorize(world, "relay", "send")

    assert (principal.kind, principal.tenant) == ("mta", "")
    assert principal.rights == ("send",)
    assert refusal(authorize, world, "relay", "view") == "not-permitted"
