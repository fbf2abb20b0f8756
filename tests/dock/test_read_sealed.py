import pytest

from tests.dock.conftest import Api, token_text
from tests.fakes.keeper import FakeKeeper


def test_the_rows_of_a_reveal_are_handed_out_sealed(
    keeper: FakeKeeper, ada: Api, news: str
) -> None:
    tokens = [token_text(keeper, f"{n}@example.com") for n in ("anna", "bert", "zoe")]

    answer = ada.post(f"/lists/{news}/sealed", {"tokens": tokens})

    rows = answer.json["rows"]
    assert {row["token"] for row in rows} == set(tokens[:2])
    assert set(rows[0]) == {"token", "batch_id", "position", "sealed", "facets"}
    assert b"nna" not in answer.content


def test_at_most_ten_rows_at_once(keeper: FakeKeeper, ada: Api, news: str) -> None:
    tokens = [token_text(keeper, f"u{i}@example.com") for i in range(11)]

    assert ada.post(f"/lists/{news}/sealed", {"tokens": tokens}).status == 400
    assert ada.post(f"/lists/{news}/sealed", {"tokens": tokens[:10]}).status == 200


@pytest.mark.parametrize("rights", [("view", "touch", "look-up", "export"), ()])
def test_without_the_right_nothing_is_handed_out(
    keeper: FakeKeeper, news: str, rights: tuple[str, ...]
) -> None:
    vera = Api(keeper.add_person("vera", "acme", rights))
    token = token_text(keeper, "anna@example.com")

    assert vera.post(f"/lists/{news}/sealed", {"tokens": [token]}).status == 403


def test_no_service_reveals_even_where_the_keeper_lets_it_in(
    keeper: FakeKeeper, app: Api, news: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "tests.fakes.keeper.SERVICE_RIGHTS", {"app": ("view", "reveal")}
    )
    generous = Api(keeper.add_service("app", "acme"))
    token = token_text(keeper, "anna@example.com")

    assert generous.post(f"/lists/{news}/sealed", {"tokens": [token]}).status == 403
    assert app.post(f"/lists/{news}/sealed", {"tokens": [token]}).status == 403
