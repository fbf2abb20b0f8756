import pytest

from listkeep.core.errors import Code, RefusedError
from listkeep.dock.lists.history import Author
from listkeep.dock.lists.services import lower_status
from tests.dock.conftest import Api, token_text
from tests.fakes.grants import NOON
from tests.fakes.keeper import FakeKeeper


@pytest.mark.parametrize("status", ["unsubscribed", "bounced", "complained"])
def test_a_status_is_changed_at_the_keeper_and_in_the_list(
    keeper: FakeKeeper, app: Api, news: str, status: str
) -> None:
    token = token_text(keeper, "anna@example.com")

    answer = app.patch(f"/lists/{news}/entries/{token}", {"status": status})

    assert (answer.status, answer.json["status"]) == (200, status)
    assert keeper.suppressed[news] == {keeper.token_of("acme", "anna@example.com")}
    assert (
        app.get(f"/lists/{news}/count", segment="status = subscribed").json["count"]
        == 3
    )


@pytest.mark.parametrize("status", ["subscribed", "erased", "happy", ""])
def test_a_status_is_only_changed_for_the_worse(
    keeper: FakeKeeper, ada: Api, news: str, status: str
) -> None:
    token = token_text(keeper, "anna@example.com")

    answer = ada.patch(f"/lists/{news}/entries/{token}", {"status": status})

    assert (answer.status, answer.json["code"]) == (403, "not-permitted")
    assert "suppress" not in keeper.calls


def test_a_worse_status_does_not_get_better(
    keeper: FakeKeeper, ada: Api, news: str
) -> None:
    path = f"/lists/{news}/entries/{token_text(keeper, 'anna@example.com')}"
    ada.patch(path, {"status": "complained"})

    assert ada.patch(path, {"status": "unsubscribed"}).status == 403
    assert ada.patch(path, {"status": "complained"}).json["status"] == "complained"


def test_the_keepers_refusal_leaves_the_entry_as_it_was(
    keeper: FakeKeeper, ada: Api, news: str
) -> None:
    path = f"/lists/{news}/entries/{token_text(keeper, 'anna@example.com')}"
    keeper.break_at("suppress", RefusedError("too many", code=Code.BUDGET_SPENT))

    answer = ada.patch(path, {"status": "bounced"})

    assert (answer.status, answer.json["code"]) == (403, "budget-spent")
    assert ada.get(path).json["status"] == "subscribed"


def test_an_entry_that_is_not_there_has_no_status(
    keeper: FakeKeeper, ada: Api, news: str
) -> None:
    path = f"/lists/{news}/entries/{'a' * 26}"

    assert ada.patch(path, {"status": "bounced"}).status == 404
    assert "suppress" not in keeper.calls


def test_many_are_suppressed_at_once_known_or_not(
    keeper: FakeKeeper, app: Api, news: str
) -> None:
    tokens = [
        token_text(keeper, f"{name}@example.com") for name in ("anna", "bert", "zoe")
    ]

    first = app.post(
        f"/lists/{news}/suppress", {"tokens": tokens, "reason": "unsubscribed"}
    ).json
    again = app.post(
        f"/lists/{news}/suppress", {"tokens": tokens, "reason": "unsubscribed"}
    ).json

    assert first == {"suppressed": 3, "changed": 2}
    assert again == {"suppressed": 0, "changed": 0}


def test_a_request_travels_to_the_keeper(
    keeper: FakeKeeper, ada: Api, news: str
) -> None:
    token = token_text(keeper, "anna@example.com")

    ada.post(
        f"/lists/{news}/suppress",
        {"tokens": [token], "reason": "bounced", "request": "r7"},
    )

    assert getattr(keeper.seen[-1], "request", None) == "r7"


@pytest.mark.parametrize(
    "body",
    [
        {"tokens": [], "reason": "bounced"},
        {"tokens": ["anna@example.com"], "reason": "bounced"},
        {"tokens": ["a" * 26] * 4_097, "reason": "bounced"},
        {"tokens": "a" * 26, "reason": "bounced"},
        {"reason": "bounced"},
    ],
)
def test_tokens_that_are_none_are_refused(
    keeper: FakeKeeper, ada: Api, news: str, body: object
) -> None:
    answer = ada.post(f"/lists/{news}/suppress", body)

    assert answer.status == 400
    assert b"anna" not in answer.content
    assert "suppress" not in keeper.calls


@pytest.mark.parametrize("status", [0, 4, 9])
def test_the_service_sets_no_status_that_is_not_worse(news: str, status: int) -> None:
    with pytest.raises(ValueError, match=str(status)):
        lower_status(news, [bytes(16)], status=status, author=Author("p_ada"), now=NOON)
