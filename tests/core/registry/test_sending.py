from datetime import UTC, datetime, timedelta

import pytest

from listkeep.core.canonical import encode
from listkeep.core.errors import MalformedError
from listkeep.core.grants import Action, Terms
from listkeep.core.registry.sending import (
    RouteKind,
    SendFacts,
    SendKind,
    SigningAlgorithm,
    domain_key,
    parse_domain,
    parse_route,
    parse_send,
)
from tests.core.grants.cast import ACME, make_terms
from tests.core.registry.senders import (
    KEYS,
    domain_subject,
    route_subject,
    send_subject,
    standing_subject,
)

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
PIN = "pinned:" + "0f" * 32


def terms(subject: dict[str, str], *, days: float = 7, cap: int = 100) -> Terms:
    begin = make_terms(Action.SEND).not_before
    return make_terms(
        Action.SEND,
        tenant=ACME,
        cap=cap,
        subject=encode(subject).decode(),
        not_before=begin,
        expires=begin + timedelta(days=days),
    )


# --- routes -----------------------------------------------------------------------


def test_a_route_is_read_with_everything_it_is() -> None:
    route = parse_route(route_subject(sources="192.0.2.1 192.0.2.2"))

    assert route.kind is RouteKind.SMART_HOST
    assert (route.host, route.port, route.tls) == ("relay.example.com", 587, "web")
    assert route.sources == ("192.0.2.1", "192.0.2.2")
    assert route.serves(ACME)
    assert route.serves("t_otherotherot")


def test_a_route_of_one_tenant_serves_no_other() -> None:
    route = parse_route(route_subject(tenant="t_acmeacmeacme"))

    assert route.serves("t_acmeacmeacme")
    assert not route.serves("t_otherotherot")


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "mx", "host": "", "tls": "mx", "port": "25"},
        {"host": "relay", "tls": PIN},
        {"host": "127.0.0.1", "tls": PIN, "port": "10025"},
        {"host": "2001:db8::1", "tls": PIN},
    ],
    ids=str,
)
def test_further_kinds_of_routes_are_read(changes: dict[str, str]) -> None:
    assert parse_route(route_subject(**changes)).tls == changes["tls"]


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "w_routerouterw"},
        {"name": "Relay"},
        {"kind": "pigeon"},
        {"kind": "mx"},  # with a host
        {"kind": "mx", "host": "", "tls": "web"},
        {"host": ""},
        {"host": "Relay.example.com"},
        {"host": "relay.example.com."},
        {"host": "relay example.com"},
        {"host": "relay.example.com:25"},
        {"host": "127.0.0.1"},  # no public certificate is for it
        {"host": "127.0.0.01", "tls": PIN},
        {"port": "0"},
        {"port": "65536"},
        {"port": "025"},
        {"tls": ""},
        {"tls": "none"},
        {"tls": "mx"},
        {"tls": PIN.upper()},
        {"tls": PIN[:-1]},
        {"tenant": "acme"},
        {"sources": "192.0.2.2 192.0.2.1"},
        {"mail_domain": ""},
        {"mail_domain": "Bounce.example.com"},
        {"token_domain": "bounce.example.com"},  # what comes back is told from tokens
        {"further": "field"},
    ],
    ids=str,
)
def test_a_route_that_could_be_read_twice_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(MalformedError):
        parse_route(route_subject(**changes))


def test_whatever_of_a_route_is_other_its_digest_is_other() -> None:
    changes: list[dict[str, str]] = [
        {},
        {"id": "x_otherotherot"},
        {"host": "relay.example.net"},
        {"port": "25"},
        {"tls": PIN},
        {"tenant": "t_acmeacmeacme"},
        {"sources": "192.0.2.1"},
        {"mail_domain": "bounce.example.net"},
        {"token_domain": "tok.example.net"},
        {"kind": "mx", "host": "", "tls": "mx"},
    ]
    digests = {parse_route(route_subject(**each)).digest() for each in changes}

    assert len(digests) == len(changes)


# --- sending domains --------------------------------------------------------------


def test_each_key_of_a_domain_has_a_selector_of_its_own() -> None:
    domain = parse_domain(domain_subject(), tenant=ACME, public=KEYS)

    assert domain.selector_of(SigningAlgorithm.RSA) == "lk1"
    assert domain.selector_of(SigningAlgorithm.ED25519) == "lk1-ed25519"
    assert domain.selectors == {"lk1", "lk1-ed25519"}
    assert domain_key(domain.id) == "domain-m_domaindomain"


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "d_domaindomain"},
        {"name": "News.example"},
        {"name": "news.example."},
        {"name": "example"},
        {"selector": ""},
        {"selector": "LK1"},
        {"selector": "a.b"},
        {"selector": "-a"},
        {"selector": "a" * 51},
        {"algorithms": ""},
        {"algorithms": "rsa ed25519"},
        {"algorithms": "rsa rsa"},
        {"algorithms": "dsa"},
        {"public": "AAAA"},
    ],
    ids=str,
)
def test_a_domain_that_could_be_read_twice_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(MalformedError):
        parse_domain(domain_subject(**changes), tenant=ACME, public={})


def test_keys_of_other_algorithms_than_were_signed_for_are_refused() -> None:
    for keys in ({"rsa": "MIIB"}, {**KEYS, "dsa": "AAAA"}):
        with pytest.raises(MalformedError, match="other algorithms"):
            parse_domain(domain_subject(), tenant=ACME, public=keys)


# --- sends ------------------------------------------------------------------------


def test_a_send_is_read_with_everything_it_says() -> None:
    send = parse_send(terms(send_subject(reply_to="a@news.example", pace="60")))

    assert send.kind is SendKind.CAMPAIGN
    assert send.sender_domain == "news.example"
    assert (send.links, send.fields, send.pace) == (
        *(("shop.example.com",), ("first",)),
        60,
    )
    standing = parse_send(terms(standing_subject(), days=90))
    assert standing.triggers == ("basket", "welcome")


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "transactional"},
        {"templates": ""},
        {"templates": "AB" * 32},
        {"templates": f"{'aa' * 32} {'bb' * 32}"},  # a campaign has one
        {"from": ""},
        {"from": "News <news@News.example>"},
        {"reply_to": "nobody"},
        {"title": ""},
        {"title": "a" * 401},
        {"links": "shop.example.com."},
        {"links": "Shop.example.com"},
        {"links": "b.example a.example"},
        {"links": "bücher.example"},
        {"tracking": "https://t.example"},
        {"fields": "first first"},
        {"pace": "fast"},
        {"pace": "-1"},
        {"mail_domain": ""},
        {"triggers": "welcome"},  # a campaign has none
        {"further": "field"},
    ],
    ids=str,
)
def test_a_send_that_could_be_read_twice_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(MalformedError):
        parse_send(terms(send_subject(**changes)))


@pytest.mark.parametrize(
    "changes",
    [
        {"pace": "0"},
        {"triggers": ""},
        {"triggers": "welcome basket"},
        {"templates": " ".join(f"{n:064x}" for n in range(13))},
    ],
    ids=str,
)
def test_a_standing_send_has_a_pace_and_triggers(changes: dict[str, str]) -> None:
    with pytest.raises(MalformedError):
        parse_send(terms({**standing_subject(), **changes}))


def test_a_send_ends_in_time() -> None:
    second = 1 / 86_400
    parse_send(terms(send_subject(), days=7))
    with pytest.raises(MalformedError, match="within 7 days"):
        parse_send(terms(send_subject(), days=7 + second))
    parse_send(terms(standing_subject(), days=90))


def test_a_standing_send_of_91_days_is_not_even_written() -> None:
    stretched = terms(standing_subject(), days=91)
    with pytest.raises(MalformedError, match="within 90 days"):
        parse_send(stretched)
    with pytest.raises(MalformedError, match="more than 90 days"):
        stretched.format()


def test_a_send_names_a_list_and_how_many_rows_at_most() -> None:
    with pytest.raises(MalformedError, match="how many rows"):
        parse_send(terms(send_subject(), cap=0))


def test_the_largest_subject_of_a_standing_send_still_fits() -> None:
    templates = " ".join(f"{n:064x}" for n in range(12))
    wide = standing_subject(
        templates=templates,
        title="t" * 400,
        links=" ".join(sorted(f"link{n}.shop.example.com" for n in range(20))),
    )

    assert len(terms(wide, days=90).format()) <= 4096


# --- leases -----------------------------------------------------------------------


def test_what_can_have_opened_since_a_moment_includes_the_lease_that_was_open() -> None:
    send = SendFacts("r_1", ACME, "00000001", NOON)
    hour = timedelta(hours=1)
    assert send.leased_since(NOON) == 0
    for hours, rows in ((0, 1), (3, 2), (6, 4), (6.5, 8)):
        send.lease(rows, at=NOON + hours * hour)

    assert send.reserved == 15
    assert send.leased_since(NOON + 7 * hour) == 8
    assert send.leased_since(NOON + 6.2 * hour) == 4 + 8
    assert send.leased_since(NOON + 6 * hour) == 2 + 4 + 8
    assert len(send.leases) == 3, "older ones are not needed any more"
