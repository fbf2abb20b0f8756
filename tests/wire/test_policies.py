import pytest

from listkeep.core.errors import MalformedError
from listkeep.core.grants.reading import MAX_BYTES
from listkeep.wire import messages as m
from listkeep.wire import policies as p
from listkeep.wire.base import decode, encode


def draft(text: str) -> m.DraftRequest:
    return m.DraftRequest(session="s", action="policy.set", purpose="p", policy=text)


def test_a_text_travels_as_long_as_it_may_be_and_no_longer() -> None:
    longest = draft("a" * MAX_BYTES)

    assert decode(encode(longest), m.DraftRequest) == longest
    with pytest.raises(MalformedError):
        decode(encode(draft("a" * (MAX_BYTES + 1))), m.DraftRequest)


def test_a_question_names_a_request_and_nothing_else() -> None:
    with pytest.raises(MalformedError):
        decode(encode(p.ExplainRequest(session="s", request="../1")), p.ExplainRequest)
