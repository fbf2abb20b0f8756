from collections.abc import Callable

import pytest

from listkeep.core.canonical import encode
from listkeep.core.errors import MalformedError
from listkeep.core.grants import Role
from listkeep.core.registry.facts import (
    ListFacts,
    parse_first_owners,
    parse_person,
    parse_recipient,
    parse_service,
    parse_tenant,
    require_age_key,
)
from listkeep.core.registry.held_keys import first_key, with_newer
from tests.core.registry.scribe import ACME, AGE_KEY, NEWS, NOON, meet, subject

Subject = dict[str, str]


def tenant(*owners: Subject, **changes: str) -> Subject:
    texts = [encode(owner).decode() for owner in owners]
    first, second = (*texts, "", "")[:2]
    fields = {"id": ACME, "name": "acme", "owner_1": first, "owner_2": second}
    return {**fields, **changes}


def service(**changes: str) -> Subject:
    fields = {
        "id": "s_appappappapp",
        "name": "app",
        "kind": "app",
        "verifier": "0f" * 32,
    }
    return {**fields, **changes}


def recipient(**changes: str) -> Subject:
    return {"id": "c_printerprint", "name": "printer", "public_key": AGE_KEY, **changes}


SUBJECTS: dict[str, tuple[Subject, Callable[[Subject], object]]] = {
    "tenant": (tenant(), parse_tenant),
    "person": (subject("ben", "marketer"), lambda s: parse_person(s, tenant=ACME)),
    "service": (service(), lambda s: parse_service(s, tenant=ACME)),
    "recipient": (recipient(), lambda s: parse_recipient(s, tenant=ACME)),
}


@pytest.mark.parametrize("kind", SUBJECTS)
def test_a_subject_has_exactly_its_fields(kind: str) -> None:
    fields, read = SUBJECTS[kind]
    read(fields)

    for name in fields:
        with pytest.raises(MalformedError, match="missing or unknown"):
            read({key: value for key, value in fields.items() if key != name})
    with pytest.raises(MalformedError, match="missing or unknown"):
        read({**fields, "admin": "yes"})


@pytest.mark.parametrize("kind", SUBJECTS)
@pytest.mark.parametrize(
    "spoilt",
    ["", "x_aaaaaaaaaaaa", "p_AAAAAAAAAAAA", "p_short", "t_toolongtoolong", "p_a a"],
)
def test_an_id_of_another_kind_or_shape_is_refused(kind: str, spoilt: str) -> None:
    fields, read = SUBJECTS[kind]

    with pytest.raises(MalformedError, match="id of the wrong kind"):
        read({**fields, "id": spoilt})


@pytest.mark.parametrize("kind", SUBJECTS)
@pytest.mark.parametrize("spoilt", ["", "Acme", "-acme", "a" * 41, "a b", "\u0430cme"])
def test_a_name_is_plain_so_that_no_two_look_alike(kind: str, spoilt: str) -> None:
    fields, read = SUBJECTS[kind]

    with pytest.raises(MalformedError, match="needs a name"):
        read({**fields, "name": spoilt})


def test_a_person_is_what_the_subject_says() -> None:
    person = parse_person(subject("ben", "marketer", team="mail"), tenant=ACME)

    assert person.id == meet("ben").person
    assert (person.tenant, person.role, person.team) == (ACME, Role.MARKETER, "mail")
    signer = person.signer()
    assert (signer.person, signer.roles) == (person.id, frozenset({Role.MARKETER}))
    assert signer.has(Role.MARKETER, tenant=ACME)


@pytest.mark.parametrize(
    ("role", "home"),
    [("custodian", ACME), ("support", ACME), ("owner", ""), ("marketer", ""), ("", "")],
)
def test_a_role_counts_only_where_it_exists(role: str, home: str) -> None:
    with pytest.raises(MalformedError, match="role that does not exist there"):
        parse_person(subject("eve", role), tenant=home)


def test_nobody_is_enrolled_with_a_key_that_cannot_sign() -> None:
    for key in ("", "AA", "not base64url"):
        with pytest.raises(MalformedError):
            parse_person(
                {**subject("eve", "owner"), "keys": f"hardware:AA:{key}"}, tenant=ACME
            )


def test_a_tenant_comes_with_one_or_two_owners() -> None:
    ada, amir = subject("ada", "owner"), subject("amir", "owner")

    assert parse_tenant(tenant(ada)).name == "acme"
    assert [p.name for p in parse_first_owners(tenant(ada))] == ["ada"]
    both = parse_first_owners(tenant(ada, amir))
    assert [(p.name, p.tenant) for p in both] == [
        ("ada", ACME),
        ("amir", ACME),
    ]


def test_a_tenant_without_an_owner_is_refused() -> None:
    with pytest.raises(MalformedError, match="names no owner"):
        parse_first_owners(tenant())


def test_a_tenant_does_not_begin_with_somebody_who_is_no_owner() -> None:
    with pytest.raises(MalformedError, match="no owner"):
        parse_first_owners(tenant(subject("ben", "marketer")))


def test_an_owner_in_another_spelling_is_refused() -> None:
    spelled = encode(subject("ada", "owner")).decode().replace('":"', '": "', 1)

    with pytest.raises(MalformedError):
        parse_first_owners(tenant(owner_1=spelled))


@pytest.mark.parametrize(("kind", "home"), [("dock", ACME), ("app", ""), ("root", "")])
def test_a_service_kind_counts_only_where_it_exists(kind: str, home: str) -> None:
    with pytest.raises(MalformedError, match="kind that does not exist there"):
        parse_service(service(kind=kind), tenant=home)


@pytest.mark.parametrize("verifier", ["", "0f" * 31, "0F" * 32, "zz" * 32])
def test_a_service_without_a_verifier_is_refused(verifier: str) -> None:
    with pytest.raises(MalformedError, match="no verifier"):
        parse_service(service(verifier=verifier), tenant=ACME)


@pytest.mark.parametrize(
    "key", ["", "age1", "AGE-SECRET-KEY-1", "age1" + "b" * 58, "ssh-ed25519 AAAA"]
)
def test_a_recipient_needs_an_age_public_key(key: str) -> None:
    with pytest.raises(MalformedError, match="not an age public key"):
        require_age_key(key)
    with pytest.raises(MalformedError):
        parse_recipient(recipient(public_key=key), tenant=ACME)
    assert parse_recipient(recipient(), tenant=ACME).public_key == AGE_KEY


def test_a_lists_rows_are_sealed_under_its_newest_key() -> None:
    keys = with_newer(first_key(NOON), 1, at=NOON)
    found = ListFacts(
        id=NEWS,
        tenant=ACME,
        name="news",
        facets=(),
        fields=(),
        created_at=NOON,
        keys=keys,
    )

    assert found.newest_key == 1
