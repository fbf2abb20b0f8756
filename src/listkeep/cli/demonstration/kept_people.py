"""The people of a kept demo, and what one sees as each of them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pyrage

from listkeep.cli.home import write_private
from listkeep.core.canonical import encode
from listkeep.core.grants import format_time
from listkeep.core.registry.mail_names import format_words
from listkeep.core.registry.sending import SigningAlgorithm
from listkeep.drill.provider_place import ProviderPlace
from listkeep.drill.sink import MailSink
from listkeep.drill.stage import Stage
from listkeep.wire.identifiers import new_id

from .kept_files import DOMAIN, Files

CUSTODIANS, OWNERS, OTHERS = ("cleo", "cyrus"), ("ada", "amir"), ("olga", "otto")
ROUTE, RECIPIENT = "relay", "warehouse"
_AGENCY_DAYS, _CONSENT_DAYS = 90, 7


@dataclass(frozen=True, slots=True)
class Part:
    """Somebody one can be."""

    name: str
    role: str
    about: str
    agrees: str  # that this person gets a passkey for browsers


CAST = (
    Part("ben", "marketer of acme", "imports, counts, asks to send", "ada"),
    Part("ada", "owner of acme", "approves what ben asks for", "amir"),
    Part("amir", "owner of acme", "the second, where it takes two", "ada"),
    Part("nina", "of the agency studio", "works for acme until an end", "ada"),
    Part("sam", "support", "answers a complaint and sees no address", "cleo"),
    Part("cleo", "custodian", "people, routes, freezes, incidents", "cyrus"),
    Part("cyrus", "custodian", "the second, where it takes two", "cleo"),
    Part("olga", "owner of harbor", "another tenant: sees nothing of acme", "otto"),
)


def bring_in(stage: Stage, *, sink: MailSink, place: ProviderPlace) -> None:
    """Have everybody enrolled by two who may, as anywhere."""
    for name in CUSTODIANS:
        stage.enter(name)
    stage.sign_in(*CUSTODIANS)
    stage.found_tenant("acme", custodians=CUSTODIANS, owners=OWNERS)
    stage.found_tenant("harbor", custodians=CUSTODIANS, owners=OTHERS)
    stage.sign_in(*OWNERS, *OTHERS)
    for name in ("ben", "ivan"):
        stage.hire(name, role="marketer", by=OWNERS)
    stage.hire("sam", role="support", by=CUSTODIANS)
    _bring_in_agency(stage)
    stage.sign_in("ben", "ivan", "sam", "nina")
    _give_consent(stage)
    for name, kind in (("shop", "app"), ("sign-up form", "intake")):
        stage.add_service(name.replace(" ", "-"), kind=kind, by=OWNERS)
    _open_way(stage, sink=sink, place=place)


def add_recipient(stage: Stage, files: Files) -> None:
    """Enrol a recipient of copies, whose key lies among the files."""
    identity = pyrage.x25519.Identity.generate()
    write_private(files.identity, f"{identity}\n".encode())
    stage.add_recipient(RECIPIENT, str(identity.to_public()), by=OWNERS)


def _bring_in_agency(stage: Stage) -> None:
    identity = new_id("a")
    stage.agree(
        *OWNERS,
        "agency.add",
        purpose="campaigns of the summer",
        subject=_write(
            id=identity,
            name="studio",
            until=_days_from_now(_AGENCY_DAYS),
            look_ups="20",
            reveals="0",
            rows_exported="500",
            rows_sent="2000",
        ),
    )
    stage.hire("nina", role="agent", by=OWNERS, team=identity)


def _give_consent(stage: Stage) -> None:
    stage.ask(
        "ada",
        "consent.give",
        purpose="support looks at a complaint",
        subject=_write(id=new_id("g"), until=_days_from_now(_CONSENT_DAYS), people=""),
    )


def _open_way(stage: Stage, *, sink: MailSink, place: ProviderPlace) -> None:
    """Enrol the way out for mail, and the domain it is from."""
    route = _write(
        id=new_id("x"),
        name=ROUTE,
        kind="smart-host",
        host="127.0.0.1",
        port=str(sink.port),
        tls=f"pinned:{sink.pin}",
        tenant="",
        sources="",
        mail_domain=place.mail_domain,
        token_domain="tok.example.com",  # noqa: S106 - a domain
    )
    stage.agree(*CUSTODIANS, "route.add", purpose="a way out for mail", subject=route)
    domain = _write(
        id=new_id("m"),
        name=DOMAIN,
        selector="lk1",
        algorithms=format_words(each.value for each in SigningAlgorithm),
    )
    stage.agree(*OWNERS, "domain.add", purpose="mail is from here", subject=domain)


def _write(**fields: str) -> str:
    return encode(fields).decode()


def _days_from_now(days: int) -> str:
    return format_time(datetime.now(UTC) + timedelta(days=days, minutes=-1))
