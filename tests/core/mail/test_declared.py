from dataclasses import replace

import pytest

from listkeep.core.mail import Draft, Template, declare, find_undeclared, make_template
from listkeep.core.mail.declared import format_mailbox
from listkeep.core.mail.headers import Mailbox
from listkeep.core.registry.mail_names import domain_of, is_domain, read_words


def made(**changes: str) -> Template:
    body = (
        '<p>Dear [[first_name:sealed|you]], <a href="https://Shop.Example.com/x">see</a>'
        ' <a href="https://shop.example.com/u/[[alias]]">leave</a></p>'
        '<img src="https://t.example.net/[[alias]]" alt="">'
    )
    draft = Draft(
        html=body,
        text="",
        sender='"News, weekly" <news@News.Example>',
        subject="Spring [[last_name:sealed]]",
        reply_to="help@news.example",
    )
    return make_template(replace(draft, **changes))


def test_a_template_is_declared_as_terms_spell_it() -> None:
    found = declare(made())

    assert found.sender == "News, weekly <news@news.example>"
    assert found.reply_to == "help@news.example"
    assert found.title == "Spring [[last_name:sealed]]"
    assert found.links == ("shop.example.com",)
    assert found.tracking == ("shop.example.com", "t.example.net")
    assert found.fields == ("first_name", "last_name")
    # The registry reads each of these as the one spelling there is.
    assert domain_of(found.sender) == domain_of(found.reply_to) == "news.example"
    assert all(map(is_domain, (*found.links, *found.tracking)))
    assert read_words(" ".join(found.fields), "fields") == found.fields


def test_what_was_declared_of_a_template_holds_for_it() -> None:
    assert find_undeclared(made(), declare(made())) == []


PHISH = {
    "another sender": {"sender": "Bank <news@news.example>"},
    "another reply address": {"reply_to": "a@evil.example"},
    "another subject line": {"subject": "Your account"},
    "links to evil.example": {"html": '<a href="https://evil.example/">x</a>'},
    "links to www.evil.example": {"text": "see www.evil.example/login"},
    "the sealed field birthday": {"html": "<p>[[birthday:sealed]]</p>"},
    "readers are told to evil.example": {
        "html": '<img src="https://evil.example/p.png" alt="">'
    },
}


@pytest.mark.parametrize(("said", "changes"), PHISH.items(), ids=PHISH)
def test_a_template_with_more_than_the_terms_say_is_found_out(
    said: str, changes: dict[str, str]
) -> None:
    """A requester wrote harmless words beside the digest of another template."""
    assert said in find_undeclared(made(**changes), declare(made()))


def test_a_reply_address_that_was_taken_away_is_another() -> None:
    found = find_undeclared(made(reply_to=""), declare(made()))

    assert found == ["another reply address"]


def test_the_subject_line_of_one_of_several_is_said_and_a_part_of_it_is_not() -> None:
    said = replace(declare(made()), title="Spring [[last_name:sealed]] / Hello")

    for subject in ("Spring [[last_name:sealed]]", "Hello"):
        assert find_undeclared(made(subject=subject), said) == []
    for subject in ("Hell", "Hello / Spring", "/ Hello"):
        assert "another subject line" in find_undeclared(made(subject=subject), said)


def test_a_mailbox_without_a_name_is_its_address() -> None:
    assert format_mailbox(None) == ""
    assert format_mailbox(Mailbox("a@b.example")) == "a@b.example"
