import hashlib

import pytest

from listkeep.core.errors import MalformedError, RefusedError
from listkeep.core.grants import Role
from listkeep.core.registry.keyring import (
    allowed_kinds,
    format_keys,
    keys_digest,
    least_keys,
    parse_keys,
    require_enough,
    require_kinds,
)
from listkeep.core.registry.passkeys import Credential, Kind
from tests.core.registry.cast import make_key

KEYS = tuple(make_key(name) for name in ("AAAA", "BBBB", "CCCC", "DDDD"))


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_one_to_four_passkeys_are_one_line_and_back(count: int) -> None:
    text = format_keys(KEYS[:count])

    assert parse_keys(text) == KEYS[:count]
    assert text.count(" ") == count - 1
    assert keys_digest(KEYS[:count]) == hashlib.sha256(text.encode()).hexdigest()


def test_a_fifth_passkey_is_refused() -> None:
    with pytest.raises(MalformedError, match="more than 4"):
        parse_keys(format_keys((*KEYS, make_key("EEEE"))))


def test_a_passkey_stands_there_once_by_id_and_by_key() -> None:
    same_key = Credential(id="EEEE", public_key=KEYS[0].public_key, kind=Kind.HARDWARE)
    same_id = make_key("AAAA")

    for twin in (KEYS[0], same_key, same_id):
        with pytest.raises(MalformedError, match="twice"):
            parse_keys(format_keys((KEYS[0], twin)))


LINE = format_keys(KEYS[:1])
HEAD = LINE.rpartition(":")[0]


OTHER_SPELLINGS = [
    *("", " ", LINE + " ", " " + LINE, LINE + "\n", LINE + "\t" + LINE),
    *(LINE + ":", LINE + ":AA", LINE + "=", LINE + "AA", HEAD, HEAD + ":"),
    *(LINE.replace("hardware", "golden"), LINE.replace("hardware", "Hardware")),
    *(LINE.replace(":AAAA:", "::"), LINE.replace(":AAAA:", ":AAB:")),
    LINE.replace(":AAAA:", ":" + "A" * 344 + ":"),
    LINE + LINE,
]


@pytest.mark.parametrize("which", range(len(OTHER_SPELLINGS)))
def test_keys_have_one_spelling(which: int) -> None:
    text = OTHER_SPELLINGS[which]

    with pytest.raises(MalformedError):
        parse_keys(text)


@pytest.mark.parametrize("role", [Role.OWNER, Role.CUSTODIAN])
@pytest.mark.parametrize("kind", [Kind.SYNCED, Kind.SOFTWARE])
def test_who_approves_holds_hardware_outside_the_demo(role: Role, kind: Kind) -> None:
    keys = (make_key("AAAA"), make_key("BBBB", kind))

    require_kinds(keys, role=role, profile="demo")
    require_kinds(keys[:1], role=role, profile="production")
    with pytest.raises(RefusedError, match=kind.value):
        require_kinds(keys, role=role, profile="production")


@pytest.mark.parametrize("role", [Role.MARKETER, Role.SUPPORT])
def test_who_only_asks_may_hold_a_synced_passkey_but_no_file(role: Role) -> None:
    synced, software = make_key("AAAA", Kind.SYNCED), make_key("BBBB", Kind.SOFTWARE)

    require_kinds([synced], role=role, profile="production")
    with pytest.raises(RefusedError):
        require_kinds([software], role=role, profile="production")
    require_kinds([synced, software], role=role, profile="demo")


@pytest.mark.parametrize("role", list(Role))
def test_who_approves_has_a_second_key_outside_the_demo(role: Role) -> None:
    require_enough(KEYS[:1], role=role, profile="demo")
    require_enough(KEYS[:2], role=role, profile="production")
    if role in (Role.OWNER, Role.CUSTODIAN):
        with pytest.raises(RefusedError, match="two hardware keys"):
            require_enough(KEYS[:1], role=role, profile="production")
    else:
        require_enough(KEYS[:1], role=role, profile="production")


@pytest.mark.parametrize("role", Role)
def test_what_a_role_is_told_to_make_is_what_is_taken_from_it(role: Role) -> None:
    for profile in ("demo", "production"):
        least = least_keys(role=role, profile=profile)
        require_enough(KEYS[:least], role=role, profile=profile)
        if least > 1:
            with pytest.raises(RefusedError):
                require_enough(KEYS[: least - 1], role=role, profile=profile)
        for kind in Kind:
            key = make_key("AAAA", kind)
            if kind in allowed_kinds(role=role, profile=profile):
                require_kinds([key], role=role, profile=profile)
            else:
                with pytest.raises(RefusedError):
                    require_kinds([key], role=role, profile=profile)
