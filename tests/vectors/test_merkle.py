"""transparency-dev/merkle, testdata: honest proofs and thieves' attempts at one."""

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from listkeep.core.errors import VerificationError
from listkeep.core.ledger.tree import TreeHead, verify_consistency, verify_inclusion

Find = Callable[[str], Path]
Record = Callable[[str, int], None]


def unbase64(text: str | None) -> bytes:
    return base64.b64decode(text or "", validate=True)


def read_cases(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted(folder.rglob("*.json")):
        yield str(path.relative_to(folder)), json.loads(path.read_bytes())


def is_accepted(verify: Callable[[], None]) -> bool:
    try:
        verify()
    except VerificationError:
        return False
    return True


def test_inclusion_proofs_are_judged_as_expected(
    find_vectors: Find, record_ran: Record
) -> None:
    verdicts = []
    for name, case in read_cases(find_vectors("merkle/inclusion")):
        leaf = unbase64(case.get("leafHash"))
        index = case.get("leafIdx", 0)  # defaults are left out of the files
        head = TreeHead(case.get("treeSize", 0), unbase64(case.get("root")))
        proof = [unbase64(item) for item in case.get("proof") or []]

        accepted = is_accepted(
            lambda: verify_inclusion(leaf, index=index, proof=proof, head=head)  # noqa: B023
        )

        assert accepted is not case.get("wantErr", False), name
        verdicts.append(accepted)

    record_ran("merkle-inclusion", len(verdicts))
    assert {True, False} == set(verdicts)


def test_consistency_proofs_are_judged_as_expected(
    find_vectors: Find, record_ran: Record
) -> None:
    verdicts = []
    for name, case in read_cases(find_vectors("merkle/consistency")):
        old = TreeHead(case.get("size1", 0), unbase64(case.get("root1")))
        new = TreeHead(case.get("size2", 0), unbase64(case.get("root2")))
        proof = [unbase64(item) for item in case.get("proof") or []]

        accepted = is_accepted(lambda: verify_consistency(old, new, proof))  # noqa: B023

        assert accepted is not case.get("wantErr", False), name
        verdicts.append(accepted)

    record_ran("merkle-consistency", len(verdicts))
    assert {True, False} == set(verdicts)
