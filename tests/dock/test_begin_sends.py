"""Sends of applications are begun by a person; the dock sends nothing by itself."""

import pytest

from listkeep.dock.outlet.merging.models import MailMerge
from listkeep.dock.outlet.models import MailDelivery
from listkeep.dock.outlet.tallying import mend_tallies
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


def test_it_ends_with_what_came_of_it_and_takes_no_more(
    keeper: FakeKeeper, ada: Api, news: str
) -> None:
    request = keeper.sign_send(news, **subject_of(eml()))
    keeper.grant_send(news, request=request)
    ada.post(f"/sends/{request}/begin", {})
    for number, state in enumerate(("delivered", "delivered", "deferred", "failed")):
        MailDelivery.objects.create(
            list_id=news,
            request=request,
            token=bytes([number]) * 16,
            state=state,
            at=60,
        )
    mend_tallies(news, request)  # rows that a test wrote were counted by nobody

    answer = ada.post(f"/sends/{request}/end", {})

    assert answer.json == {"request": request, "delivered": 2, "failed": 2}
    said = keeper.finished[request]
    assert (said.delivered, said.failed) == (2, 2)
    assert ada.post(f"/sends/{request}/begin", {}).status >= 400


def test_what_the_dock_sends_by_itself_is_not_ended_so(
    keeper: FakeKeeper, ada: Api, news: str
) -> None:
    subject = subject_of(eml())
    request = keeper.sign_send(news, **subject)
    keeper.grant_send(news, request=request, templates=(subject["templates"],))
    ada.put(f"/sends/{request}/template", eml())
    assert ada.post(f"/sends/{request}/start", {}).status == 200

    assert ada.post(f"/sends/{request}/end", {}).status == 400
    assert request not in keeper.finished
