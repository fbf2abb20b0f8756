from listkeep.core.errors import UnavailableError
from tests.dock.conftest import Api, token_text
from tests.fakes.keeper import FakeKeeper


def test_an_address_is_found_however_it_is_spelled(
    keeper: FakeKeeper, ada: Api, news: str
) -> None:
    for address in ("anna@example.com", " ANNA@Example.COM "):
        answer = ada.post(f"/lists/{news}/look-up", {"address": address})

        assert answer.status == 200
        assert answer.json == {
            "token": token_text(keeper, "anna@example.com"),
            "found": True,
            "status": "subscribed",
            "facets": {"plan": "pro", "country": "DE"},
        }
        assert b"nna@" not in answer.content.lower()


def test_an_address_that_is_not_in_the_list_has_a_token_all_the_same(
    keeper: FakeKeeper, ada: Api, news: str
) -> None:
    answer = ada.post(f"/lists/{news}/look-up", {"address": "zoe@example.com"}).json

    assert answer == {
        "token": token_text(keeper, "zoe@example.com"),
        "found": False,
        "status": None,
        "facets": None,
    }


def test_the_budget_is_the_keepers_and_a_refusal_says_so(
    keeper: FakeKeeper, ada: Api, news: str
) -> None:
    keeper.look_up_budget = 2
    answers = [
        ada.post(f"/lists/{news}/look-up", {"address": f"u{i}@example.com"})
        for i in range(3)
    ]

    assert [answer.status for answer in answers] == [200, 200, 403]
    assert answers[2].json["code"] == "budget-spent"


def test_what_is_no_address_is_refused_and_not_repeated(ada: Api, news: str) -> None:
    for address in ("canary at example", "", "x" * 321):
        answer = ada.post(f"/lists/{news}/look-up", {"address": address})

        assert answer.status == 400
        assert b"canary" not in answer.content


def test_the_address_is_never_in_the_url(ada: Api, news: str) -> None:
    answer = ada.get(f"/lists/{news}/look-up", address="anna@example.com")

    assert answer.status == 405


def test_without_the_right_there_is_no_answer(keeper: FakeKeeper, news: str) -> None:
    viewer = Api(keeper.add_person("vera", "acme", ["view"]))

    answer = viewer.post(f"/lists/{news}/look-up", {"address": "anna@example.com"})

    assert answer.status == 403
    assert not keeper.looked_up


def test_without_a_keeper_there_is_no_answer(
    keeper: FakeKeeper, ada: Api, news: str
) -> None:
    keeper.break_at("look_up", UnavailableError("gone", hint="start it"))

    answer = ada.post(f"/lists/{news}/look-up", {"address": "anna@example.com"})

    assert (answer.status, answer.json["code"]) == (503, "keeper-unavailable")
    assert answer.json["hint"] == "start it"
