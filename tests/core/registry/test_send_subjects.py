from dataclasses import replace

import pytest

from listkeep.core.canonical import encode
from listkeep.core.errors import Code, MalformedError
from listkeep.core.grants import Action
from listkeep.core.mail import Draft, declare, find_undeclared, make_template
from listkeep.core.registry.send_subjects import write_send_subject
from listkeep.core.registry.sending import SendTerms, parse_send
from tests.core.grants.cast import ACME, make_terms

DRAFT = Draft(
    html='<p>See <a href="https://shop.example.com/">b</a></p>',
    text="",
    sender="News <news@news.example>",
    subject="Welcome",
)
OTHER = replace(
    DRAFT,
    html='<p>[[first_name:sealed|reader]]<img src="https://t.example.net/" alt=""></p>',
    subject="Your / basket",
)


def write(*drafts: Draft, pace: int = 600, triggers: str = "") -> dict[str, str]:
    made = [make_template(draft) for draft in drafts]
    said = {each.digest: declare(each) for each in made}
    return write_send_subject(said, pace=pace, triggers=triggers.split())


def test_what_is_written_of_one_template_is_read_as_a_campaign() -> None:
    template = make_template(DRAFT)

    subject = write(DRAFT)

    assert subject["templates"] == template.digest
    assert "triggers" not in subject
    assert read(subject).kind == "campaign"
    assert read(subject).title == "Welcome"


def test_what_is_written_of_several_is_kept_to_by_each_and_by_no_other() -> None:
    """The dock holds each template against it, and takes no other."""
    drafts = (DRAFT, OTHER, replace(DRAFT, html="<p>We wait.</p>"))

    told = read(write(*drafts, triggers="welcome basket welcome"))

    assert (told.kind, told.triggers) == ("standing", ("basket", "welcome"))
    assert told.title == "Welcome / Your / basket"
    assert told.links == ("shop.example.com",)
    assert told.fields == ("first_name",)
    declared = replace(declare(make_template(DRAFT)), title=told.title)
    declared = replace(
        declared, links=told.links, tracking=told.tracking, fields=told.fields
    )
    assert [find_undeclared(made, declared) for made in map(make_template, drafts)] == [
        []
    ] * 3
    phish = replace(DRAFT, html='<a href="https://evil.example/">a</a>')
    assert "links to evil.example" in find_undeclared(make_template(phish), declared)


@pytest.mark.parametrize(
    "drafts",
    [
        (),
        (DRAFT, replace(OTHER, sender="n@other.example")),
        (DRAFT, replace(OTHER, reply_to="help@news.example")),
    ],
)
def test_templates_of_no_or_several_senders_are_no_one_send(
    drafts: tuple[Draft, ...],
) -> None:
    with pytest.raises(MalformedError, match="one sender") as refused:
        write(*drafts)

    assert refused.value.code == Code.TEMPLATE_INVALID


def read(subject: dict[str, str]) -> SendTerms:
    text = encode({**subject, "mail_domain": "b.example"}).decode()
    return parse_send(make_terms(Action.SEND, tenant=ACME, cap=9, subject=text))
