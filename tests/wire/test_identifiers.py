import re

from listkeep.wire.identifiers import new_id, new_secret, new_service_key


def test_an_id_says_its_kind_and_is_never_the_same() -> None:
    made = {new_id("t") for _ in range(500)}

    assert len(made) == 500
    assert all(re.fullmatch(r"t_[a-z2-7]{12}", each) for each in made)


def test_a_secret_has_256_bits() -> None:
    assert len(new_secret()) == 43
    assert new_secret() != new_secret()


def test_a_service_key_names_its_service() -> None:
    service, key = new_service_key()

    assert re.fullmatch(r"s_[a-z2-7]{12}", service)
    assert key.startswith(f"lkk_{service}_")
    assert len(key) == len(f"lkk_{service}_") + 43
