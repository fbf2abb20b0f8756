"""The numbers the pages of docs/ promise are those the code keeps to.

That each bound holds, the tests of its room say; this says that it is the one that
was promised. A sentence that is reworded is reworded here.
"""

import ast
from datetime import timedelta
from typing import Final

import pytest

from listkeep.core.grants.policy import Budget
from tests.house.sizes import ROOT

_CODE: Final = ROOT / "src" / "listkeep"
_DAY: Final = timedelta(days=1)


def read(place: str, name: str) -> int:
    """Read a bound without loading its module; one of time in whole seconds."""
    tree = ast.parse((_CODE / place).read_text("utf-8"))
    for node in tree.body:
        target = (
            node.targets[0]
            if isinstance(node, ast.Assign)
            else node.target
            if isinstance(node, ast.AnnAssign)
            else None
        )
        if isinstance(target, ast.Name) and target.id == name:
            assert isinstance(node, ast.Assign | ast.AnnAssign)
            assert node.value is not None
            return _value(node.value)
    raise AssertionError(f"{place} has no {name}")


def _value(node: ast.expr) -> int:
    if isinstance(node, ast.BinOp):
        assert isinstance(node.op, ast.Mult)
        return _value(node.left) * _value(node.right)
    if isinstance(node, ast.Call):
        parts = {each.arg: _value(each.value) for each in node.keywords if each.arg}
        return round(timedelta(**parts).total_seconds())
    assert isinstance(node, ast.Constant)
    assert isinstance(node.value, int)
    return node.value


def days(place: str, name: str) -> int:
    return read(place, name) // round(_DAY.total_seconds())


_LANGUAGE: Final = "core/segments/language.py"
_READING: Final = "core/grants/reading.py"
_MIME: Final = "core/mail/mime.py"
_RETURNED: Final = "core/mail/returned.py"
_SENDING: Final = "core/registry/sending.py"
_AGREEMENTS: Final = "core/registry/agreements.py"
_SESSIONS: Final = "keeper/gate/sign_in/sessions.py"
_BUDGET: Final = Budget()
_K: Final = 1024

FORMATS: Final = (
    (
        f"at most {read('core/grants/terms.py', 'MAX_BYTES')} bytes (a ledger entry: "
        f"{read('keeper/ledger/services.py', 'MAX_ENTRY_BYTES'):,})"
    ),
    f"decimal, up to {read('core/grants/terms.py', 'MAX_CAP'):,}",
    f"at most {days('core/grants/terms.py', 'MAX_WINDOW')} days apart",
    (
        f"`campaign` (at most {days(_SENDING, 'LONGEST_CAMPAIGN')} days) or `standing` "
        f"(at most {days(_SENDING, 'LONGEST_GRANT')})"
    ),
    f"a standing send's up to {read(_SENDING, 'MOST_TEMPLATES')}",
    f"`until` (within {days(_AGREEMENTS, 'LONGEST_AGENCY')} days)",
    f"`until` (within {days(_AGREEMENTS, 'LONGEST_CONSENT')} days)",
    f"at most {read(_READING, 'MAX_BYTES') // _K} KiB, printable",
    (
        f"nest at most {read(_READING, 'MAX_DEPTH')} deep, a statement has at most "
        f"{read(_READING, 'MAX_TOKENS'):,} words and signs"
    ),
    f"at most {read('core/registry/held_keys.py', 'MOST_INDEX_KEYS')}. An entry keeps",
    f"a batch has at most {read('core/sealing.py', 'MAX_BATCH_ROWS')} rows",
    f"At most {read('core/sealing.py', 'MAX_FIELDS_BYTES'):,} bytes",
    (
        f"A text has at most {read('core/segments/values.py', 'MAX_VALUE_CHARACTERS')} "
        "characters"
    ),
    f"A list has at most {read('core/segments/schema.py', 'MAX_FACETS')} facets",
    (
        f"At most {read(_LANGUAGE, 'MAX_SEGMENT_CHARACTERS')} characters, "
        f"{read(_LANGUAGE, 'MAX_DEPTH')} levels and "
        f"{read(_LANGUAGE, 'MAX_VALUES')} values"
    ),
    (
        f"A session lives {read(_SESSIONS, 'LIFETIME') // 3600} hours, or "
        f"{read(_SESSIONS, 'IDLE') // 60} minutes without use"
    ),
    (
        f"A nonce lives {read(_SESSIONS, '_NONCE_SECONDS') // 60} minutes, a code "
        f"{read('keeper/gate/sign_in/codes.py', 'CODE_LIFETIME')} seconds"
    ),
    f"at most {read('keeper/release/frames.py', '_MAX_FRAME_BYTES') // _K**2} MiB",
    (
        f"At most {read(_MIME, 'MAX_BYTES') // _K**2} MiB, "
        f"{read(_MIME, 'MAX_HEADER_BYTES') // _K} KiB of headers, "
        f"{read(_MIME, 'MAX_PARTS')} parts, {read(_MIME, 'MAX_DEPTH')} levels, "
        f"{read(_MIME, 'MAX_TEXT_CHARACTERS') // _K} KiB of text in a part, "
        f"{read('core/mail/template.py', 'MAX_SLOTS')} slots"
    ),
    (
        f"At most {read(_RETURNED, 'MAX_BYTES') // _K} KiB, "
        f"{read(_RETURNED, 'MAX_HEADER_BYTES') // _K} KiB of headers and "
        f"{read(_RETURNED, 'MAX_PARTS')} parts are read"
    ),
    f"`unreported` while {read('keeper/release/tallies.py', 'MOST_UNDER_WAY'):,} rows",
    f"until {days('keeper/release/sends.py', 'KEPT')} days after its end",
)
THREATS: Final = (
    (
        f"{_BUDGET.reveals} addresses a day, {_BUDGET.of_an_hour(_BUDGET.reveals)} "
        "in an hour"
    ),
    (
        f"{_BUDGET.rows_added:,} rows a day for each person with a session, and "
        f"{_BUDGET.look_ups} look-ups"
    ),
    f"stopped at {read('keeper/release/tallies.py', 'MOST_UNDER_WAY'):,} rows",
)


@pytest.mark.parametrize(
    ("page", "promise"),
    [
        *(("formats.md", each) for each in FORMATS),
        *(("threat-model.md", each) for each in THREATS),
    ],
)
def test_what_is_promised_is_what_the_code_keeps_to(page: str, promise: str) -> None:
    words = " ".join((ROOT / "docs" / page).read_text("utf-8").split())

    assert promise in words
