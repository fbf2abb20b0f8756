"""cyberphone/json-canonicalization, testdata (the author's of RFC 8785)."""

import json
from collections.abc import Callable
from pathlib import Path

from listkeep.core import canonical


def test_every_document_is_written_as_its_author_wrote_it(
    find_vectors: Callable[[str], Path], record_ran: Callable[[str, int], None]
) -> None:
    folder = find_vectors("jcs")
    documents = sorted((folder / "input").glob("*.json"))

    for document in documents:
        expected = (folder / "output" / document.name).read_bytes()
        value = json.loads(document.read_bytes())

        assert canonical.encode(value) == expected, document.name
        assert canonical.encode(json.loads(expected)) == expected, document.name

    record_ran("jcs", len(documents))
