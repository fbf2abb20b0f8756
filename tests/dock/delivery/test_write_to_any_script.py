"""Addresses that are not ASCII before the at sign, and the servers that take them."""

import pytest

from listkeep.dock.outlet.returns.models import Returned
from tests.dock.delivery.post import Stage


@pytest.mark.parametrize("spelled", ["zoë@example.org", "用户@Bücher.example"])
def test_a_local_part_that_is_not_ascii_goes_out_where_it_is_taken(
    stage: Stage, spelled: str
) -> None:
    """RFC 6531 and 6532: as it is, in envelope and header, and signed as it is."""
    stage.addresses, stage.sink.speaks_utf8 = (spelled,), True
    with stage.open() as post:
        post.names.set("xn--bcher-kva.example", "MX", "10 mx.example.org.")
        assert post.hand_over(post.recipient(spelled)) == "250 2.0.0 delivered"

        [taken] = post.sink.taken
        local = spelled.partition("@")[0]
        assert taken.recipient.startswith(f"{local}@")
        assert taken.recipient.partition("@")[2].isascii()
        assert f"To: <{taken.recipient}>".encode() in taken.content
        [said] = [line for line in post.sink.heard if line.startswith(b"MAIL")]
        assert said.rstrip().endswith(b"> BODY=8BITMIME SMTPUTF8")
        assert post.hand_over(post.recipient(spelled)).startswith("250 2.0.0 delivered")
        assert len(post.sink.taken) == 1


def test_a_server_that_takes_ascii_only_gets_no_such_address(stage: Stage) -> None:
    stage.addresses = ("zoë@example.org", "anna@example.org")
    with stage.open() as post:
        reply = post.hand_over(post.recipient("zoë@example.org"))

        assert reply.startswith("553 5.6.7 listkeep: the mail server takes ASCII")
        assert "zo" not in reply
        assert post.sink.stages["MAIL"] == 0
        again = post.hand_over(post.recipient("anna@example.org"))
        assert again.startswith("250")
        [said] = [line for line in post.sink.heard if line.startswith(b"MAIL")]
        assert b"SMTPUTF8" not in said
        assert post.sink.stages["CONNECT"] == 1, "the connection is used again"


def test_what_is_refused_for_want_of_ascii_suppresses_nobody(stage: Stage) -> None:
    stage.addresses = ("zoë@example.org",)
    with stage.open() as post:
        post.hand_over(post.recipient("zoë@example.org"))

    assert Returned.objects.count() == 0
