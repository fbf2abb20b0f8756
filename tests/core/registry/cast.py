"""People of the registry's tests, with keys nobody signs with."""

from cryptography.hazmat.primitives.asymmetric import ed25519
from fido2 import cbor

from listkeep.core.canonical import encode
from listkeep.core.grants import Action, Role, Terms
from listkeep.core.registry.facts import Person, RequestFacts
from listkeep.core.registry.passkeys import Credential, Kind
from listkeep.core.registry.state import Registry
from tests.core.grants.cast import ACME, make_terms


def make_key(name: str, kind: Kind = Kind.HARDWARE) -> Credential:
    public = ed25519.Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    return Credential(
        id=name, public_key=cbor.encode({1: 1, 3: -8, -1: 6, -2: public}), kind=kind
    )


def make_person(name: str, role: Role, tenant: str = ACME) -> Person:
    return Person(
        id=f"p_{name}",
        name=name,
        tenant=tenant,
        role=role,
        team="",
        credentials=(make_key(f"{name}AAAA"[:8]),),
    )


def make_registry(profile: str = "demo") -> Registry:
    registry = Registry({})
    registry.keeper, registry.profile = "k_demo", profile
    for person in (
        make_person("ada", Role.OWNER),
        make_person("amir", Role.OWNER),
        make_person("ben", Role.MARKETER),
        make_person("ivan", Role.MARKETER),
        make_person("eve", Role.OWNER, "t_other"),
        make_person("cleo", Role.CUSTODIAN, ""),
        make_person("cyrus", Role.CUSTODIAN, ""),
        make_person("sam", Role.SUPPORT, ""),
    ):
        registry.people[person.id] = person
    return registry


def terms_of(action: Action, tenant: str = ACME, **subject: str) -> Terms:
    text = encode(dict(subject)).decode() if subject else ""
    return make_terms(action, tenant=tenant, subject=text)


def request_of(terms: Terms) -> RequestFacts:
    return RequestFacts(id="r_aaaaaaaaaaaa", terms=terms)
