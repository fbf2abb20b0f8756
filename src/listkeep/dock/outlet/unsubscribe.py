"""Links by which people leave a list: whoever has one can leave, and nobody else.

`/u/<alias>/<proof>`: the alias says who and from which list, the proof that the link
came out of that person's mail and not out of a mail server's log. GET changes nothing,
so that programs which follow links in mail unsubscribe nobody.
"""

from datetime import datetime

from listkeep.core.mail import Outcome, is_unsubscribe_proof, make_unsubscribe_proof
from listkeep.dock.lists.origins import public_origin
from listkeep.wire.messages import sends as d

from .returns.book import Book, Named, key_of
from .returns.models import Returned
from .returns.recording import About, record_returned

_NOBODY = bytes(16)


def unsubscribe_url(send: d.Send, alias: str, proof: str = "") -> str:
    """Write the link that stands in a message and in its `List-Unsubscribe`.

    ``proof`` is the alias's, for who has made it already.

    Raises:
        MalformedError: It is no alias.
    """
    proof = proof or make_unsubscribe_proof(key_of(send), alias)
    return f"{public_origin()}/u/{alias}/{proof}"


def header_url(send: d.Send, alias: str, proof: str = "") -> str:
    """Write the link for `List-Unsubscribe`; none without TLS (RFC 8058, 3.1).

    Raises:
        MalformedError: It is no alias.
    """
    url = unsubscribe_url(send, alias, proof)
    return url if url.startswith("https://") else ""


def find_proven(alias: str, proof: str, *, book: Book) -> Named | None:
    """Find whom a link is about, if it came out of that person's message.

    Raises:
        UnavailableError: Nobody knows which sends there are.
    """
    named = book.find(alias)
    if named is None or not is_unsubscribe_proof(key_of(named.send), alias, proof):
        return None
    return named


def unsubscribe(alias: str, proof: str, *, book: Book, now: datetime) -> None:
    """Note that whoever a link belongs to leaves; what came of it is not told.

    A link that was made up, is somebody else's alias, has expired or was used before
    takes the same way, as far as the disk.

    Raises:
        UnavailableError: It cannot be written down now, or nobody knows which sends
            there are.
    """
    named = find_proven(alias, proof, book=book)
    about, token = None, _NOBODY
    if named is not None:
        about, token = About(named.send.list, named.send.request), named.token
    record_returned(about, token, Outcome.UNSUBSCRIBE, how=Returned.How.WEB, now=now)
