"""Sends of applications are begun by a person; the dock sends nothing by itself."""

import pytest

from listkeep.dock.outlet.merging.models import MailMerge
from tests.dock.conftest import Api
from tests.dock.letters import eml, subject_of
from tests.fakes.keeper import FakeKeeper


@pytest.mark.parametrize("kind", ["campaign", "standing"])
def test_a_person_begins_it_and_no_mail_merge_runs(
    keeper: FakeKeeper, ada: Api, news: str, kind: str
) -> None:
    request = keeper.sign_send(news, **subject_of(eml(), kind=kind))
    keeper.grant_send(news, request=request, kind=kind)

    first, second = (ada.post(f"/sends/{request}/begin", {}) for _ in range(2))

    assert (first.status, first.json) == (200, second.json)
    assert (first.json["kind"], first.json["state"]) == (kind, "live")
    assert first.json["token_domain"] == "token.example.net"
    assert request in keeper.started
    assert not MailMerge.objects.exists()


def test_a_service_begins_nothing(keeper: FakeKeeper, ada: Api, news: str) -> None:
    request = keeper.sign_send(news, **subject_of(eml()))
    keeper.grant_send(news, request=request)
    app = Api(keeper.add_service("app", "acme"))

    assert app.post(f"/sends/{request}/begin", {}).status in (403, 404)
    assert request not in keeper.started
    assert ada.post(f"/sends/{request}/begin", {}).status == 200


def test_the_mail_merge_leaves_a_standing_send_as_it_was(
    keeper: FakeKeeper, ada: Api, news: str
) -> None:
    request = keeper.sign_send(news, **subject_of(eml(), kind="standing"))
    keeper.grant_send(news, request=request, kind="standing")

    answer = ada.post(f"/sends/{request}/start", {})

    assert answer.status == 400
    assert "listkeep send begin" in answer.json["hint"]
    assert request not in keeper.started
