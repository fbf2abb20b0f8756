"""What the tests of ways out share: identities, and a stage that trusts them."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from tests.dock.delivery.post import Post, Stage
from tests.fakes.certificates import Identity

ANNA = "anna.muster@example.org"
MX = "mx.example.org"
RELAY = "relay.example.net"


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def trust(stage: Stage, authority: Identity) -> None:
    authority.write(stage.home, "authority")
    stage.outlet["ca_file"] = "authority.pem"


def smart_host(stage: Stage, identity: Identity, *, tls: str) -> None:
    stage.route.update(kind="smart-host", host=RELAY, tls=tls)
    stage.sink.tls = identity.server(stage.home, "sink")
    stage.names.set(RELAY, "A", "127.0.0.1")


@contextmanager
def delivered(stage: Stage) -> Iterator[tuple[Post, str]]:
    with stage.open() as post:
        yield post, post.hand_over(post.recipient(ANNA))


def forget_connections(post: Post) -> None:
    post.run(post.proxy.pool.close())
