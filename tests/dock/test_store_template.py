import pytest

from listkeep.core.mail import parse_template
from listkeep.core.mail.mime import MAX_BYTES
from listkeep.dock.outlet.models import StoredTemplate
from tests.dock.conftest import Api
from tests.dock.letters import HTML, eml, subject_of
from tests.fakes.keeper import FakeKeeper


def put(api: Api, request: str, content: bytes) -> tuple[int, str]:
    answer = api.put(f"/sends/{request}/template", content)
    return answer.status, str(answer.json.get("code", answer.json.get("digest")))


def test_a_template_that_was_signed_for_is_kept_by_its_digest(
    keeper: FakeKeeper, ada: Api, news: str
) -> None:
    subject = subject_of(eml())
    request = keeper.sign_send(news, **subject)

    for _ in range(2):
        assert put(ada, request, eml()) == (200, subject["templates"])

    [row] = StoredTemplate.objects.all()
    assert (row.list_id, row.digest) == (news, subject["templates"])
    assert bytes(row.eml) == eml()
    assert row.principal == "ada"


def test_another_template_is_refused(keeper: FakeKeeper, ada: Api, news: str) -> None:
    request = keeper.sign_send(news, **subject_of(eml()))

    other = eml(html=HTML.replace("points", "shares"))

    assert put(ada, request, other) == (403, "template-differs")
    assert not StoredTemplate.objects.exists()


@pytest.mark.parametrize(
    "told",
    [
        {"from": "Other <news@example.com>"},
        {"from": "News <other@example.com>"},
        {"reply_to": "help@example.com"},
        {"title": "Something harmless"},
        {"links": ""},
        {"links": "example.com"},
        {"tracking": ""},
        {"fields": ""},
    ],
    ids=str,
)
def test_a_template_that_says_more_than_people_were_told_is_refused(
    keeper: FakeKeeper, ada: Api, news: str, told: dict[str, str]
) -> None:
    request = keeper.sign_send(news, **subject_of(eml(), **told))

    assert put(ada, request, eml()) == (403, "template-differs")
    assert not StoredTemplate.objects.exists()


@pytest.mark.parametrize(
    ("title", "status"), [("Welcome / Your basket", 200), ("Welcome / Hello", 403)]
)
def test_each_template_of_a_standing_send_has_a_subject_people_were_told(
    keeper: FakeKeeper, ada: Api, news: str, title: str, status: int
) -> None:
    welcome, basket = eml(Subject="Welcome"), eml(Subject="Your basket")
    told = subject_of(
        welcome,
        kind="standing",
        templates=" ".join(sorted(parse_template(t).digest for t in (welcome, basket))),
        title=title,
        pace="60",
        triggers="basket welcome",
    )
    request = keeper.sign_send(news, **told)

    assert put(ada, request, welcome)[0] == 200
    assert put(ada, request, basket)[0] == status


def test_more_may_be_told_than_the_template_does(
    keeper: FakeKeeper, ada: Api, news: str
) -> None:
    told = subject_of(eml(), links="other.example shop.example.com")
    request = keeper.sign_send(news, **told)

    assert put(ada, request, eml())[0] == 200


def test_what_is_no_template_is_refused(
    keeper: FakeKeeper, ada: Api, news: str
) -> None:
    request = keeper.sign_send(news, **subject_of(eml()))

    assert put(ada, request, b"")[0] == 400
    assert put(ada, request, eml(Bcc="thief@evil.example"))[0] == 400
    assert put(ada, request, b"x" * (MAX_BYTES + 1)) == (413, "body-too-large")


def test_a_service_hands_over_no_template(
    keeper: FakeKeeper, app: Api, news: str
) -> None:
    request = keeper.sign_send(news, **subject_of(eml()))

    assert put(app, request, eml())[0] == 403


def test_the_request_of_an_export_takes_no_template(
    keeper: FakeKeeper, ada: Api, news: str
) -> None:
    request = keeper.grant_export(news, selection="all", cap=10)

    assert put(ada, request, eml()) == (400, "request-invalid")
