from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from listkeep.core.addresses import index_form
from listkeep.core.errors import MalformedError, VerificationError
from listkeep.core.opening import SealedRows, Ways, open_plain_rows
from listkeep.core.sealing import (
    OpenedRow,
    SealedRow,
    format_token,
    make_token,
    make_tokens,
    open_row,
    parse_token,
    seal_rows,
)

KEYS = st.binary(min_size=32, max_size=32)
IDS = st.from_regex(r"[a-z]_[a-z2-7]{12}", fullmatch=True)
BATCH_IDS = st.binary(min_size=12, max_size=12)
LOCALS = st.from_regex(r"[A-Za-z0-9_+-]{1,20}(\.[A-Za-z0-9]{1,8})?", fullmatch=True)
DOMAINS = st.sampled_from(
    ["example.com", "EXAMPLE.org", "bücher.example", "mail.test", "example.net"]
)
ADDRESSES = st.builds("{}@{}".format, LOCALS, DOMAINS) | st.sampled_from(
    ["jörg@example.com", "用户@example.org", "Ada@BÜCHER.example"]
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
ROWS = st.builds(OpenedRow, ADDRESSES, TEXTS)


@st.composite
def sealed_rows(draw: st.DrawFn) -> dict[str, Any]:
    """Draw one row in its place: everything needed to open it, and what it held."""
    opened = draw(ROWS)
    scene: dict[str, Any] = {
        "opened": opened,
        "list_key": draw(KEYS),
        "index_key": draw(KEYS),
        "list_id": draw(IDS),
    }
    batch_id, position, facets = (
        draw(BATCH_IDS),
        draw(st.integers(0, 65535)),
        draw(TEXTS),
    )
    token = make_token(scene["index_key"], index_form(opened.address))
    [sealed] = seal_rows(
        scene["list_key"],
        key_number=draw(st.integers(0, 65535)),
        list_id=scene["list_id"],
        batch_id=batch_id,
        row_version=draw(st.integers(0, 2**32 - 1)),
        positions=[position],
        tokens=[token],
        facets=[facets],
        rows=[opened],
    )
    scene["row"] = SealedRow(token, batch_id, position, sealed, facets)
    return scene


def open_scene(scene: dict[str, Any], **changes: Any) -> OpenedRow:
    now = {**scene, **changes}
    return open_row(
        now["list_key"], (now["index_key"],), list_id=now["list_id"], row=now["row"]
    )


def assert_closed(scene: dict[str, Any], **changes: Any) -> None:
    with pytest.raises(VerificationError, match=r"^a sealed row does not open$"):
        open_scene(scene, **changes)


def flip_bit(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8 % len(data)] ^= 1 << bit % 8
    return bytes(changed)


@given(sealed_rows())
def test_open_after_seal_is_identity(scene: dict[str, Any]) -> None:
    assert open_scene(scene) == scene["opened"]


@given(st.lists(sealed_rows(), min_size=1, max_size=5), st.data())
def test_many_rows_open_when_and_as_each_does(
    scenes: list[dict[str, Any]], data: st.DataObject
) -> None:
    first = scenes[0]
    rows = [
        seal_again(first, scene["opened"], position)
        for position, scene in enumerate(scenes)
    ]
    if data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(rows) - 1))
        field = data.draw(st.sampled_from(["token", "batch_id", "sealed"]))
        bit = data.draw(st.integers(0))
        changes: dict[str, Any] = {field: flip_bit(getattr(rows[at], field), bit)}
        rows[at] = rows[at]._replace(**changes)

    opened = open_plain_rows(
        Ways({0: first["list_key"]}, first["list_id"]),
        (first["index_key"],),
        SealedRows(*zip(*rows, strict=True)),
    )

    try:
        one_by_one = [open_scene(first, row=row) for row in rows]
    except VerificationError:
        assert opened is None
    else:
        assert opened is not None
        pairs = zip(*opened, strict=True)
        assert [OpenedRow(a.decode(), f.decode()) for a, f in pairs] == one_by_one


def seal_again(scene: dict[str, Any], opened: OpenedRow, position: int) -> SealedRow:
    token = make_token(scene["index_key"], index_form(opened.address))
    [sealed] = seal_rows(
        scene["list_key"],
        key_number=0,
        list_id=scene["list_id"],
        batch_id=scene["row"].batch_id,
        row_version=1,
        positions=[position],
        tokens=[token],
        facets=[scene["row"].facets],
        rows=[opened],
    )
    return SealedRow(
        token, scene["row"].batch_id, position, sealed, scene["row"].facets
    )


@given(sealed_rows(), st.sampled_from(["token", "batch_id", "sealed"]), st.integers(0))
def test_a_flipped_bit_does_not_open(
    scene: dict[str, Any], field: str, bit: int
) -> None:
    row: SealedRow = scene["row"]
    changes: dict[str, Any] = {field: flip_bit(getattr(row, field), bit)}

    assert_closed(scene, row=row._replace(**changes))


@given(sealed_rows(), st.integers(0, 15))
def test_a_flipped_bit_of_the_position_does_not_open(
    scene: dict[str, Any], bit: int
) -> None:
    row: SealedRow = scene["row"]

    assert_closed(scene, row=row._replace(position=row.position ^ (1 << bit)))


@given(sealed_rows(), st.integers(0))
def test_a_flipped_bit_of_the_facets_does_not_open(
    scene: dict[str, Any], bit: int
) -> None:
    row: SealedRow = scene["row"]
    assume(row.facets)
    # What is no UTF-8 any more cannot cross the wire as facets.
    changed = flip_bit(row.facets.encode(), bit).decode(errors="ignore")
    assume(changed != row.facets)

    assert_closed(scene, row=row._replace(facets=changed))


@given(sealed_rows(), st.integers(0))
def test_a_flipped_bit_of_the_list_id_does_not_open(
    scene: dict[str, Any], bit: int
) -> None:
    changed = flip_bit(scene["list_id"].encode(), bit).decode(errors="replace")

    assert_closed(scene, list_id=changed)


@given(sealed_rows(), IDS, KEYS, KEYS)
def test_a_row_of_another_list_or_key_does_not_open(
    scene: dict[str, Any], list_id: str, list_key: bytes, index_key: bytes
) -> None:
    others = {"list_id": list_id, "list_key": list_key, "index_key": index_key}
    for name, other in others.items():
        assume(other != scene[name])
        assert_closed(scene, **{name: other})


@given(st.lists(ROWS, min_size=2, max_size=6), KEYS, KEYS, st.data())
def test_no_part_of_one_row_fits_another(
    rows: list[OpenedRow], list_key: bytes, index_key: bytes, data: st.DataObject
) -> None:
    tokens = [make_token(index_key, index_form(row.address)) for row in rows]
    facets = [f"[{at}]" for at in range(len(rows))]
    sealed = seal_rows(
        list_key,
        key_number=1,
        list_id="l_spring",
        batch_id=bytes(12),
        row_version=1,
        positions=range(len(rows)),
        tokens=tokens,
        facets=facets,
        rows=rows,
    )
    stored = [
        SealedRow(token, bytes(12), position, body, facet)
        for position, (token, body, facet) in enumerate(
            zip(tokens, sealed, facets, strict=True)
        )
    ]
    columns = [data.draw(st.sampled_from(stored)) for _ in range(4)]
    mixed = SealedRow(
        columns[0].token,
        bytes(12),
        columns[1].position,
        columns[2].sealed,
        columns[3].facets,
    )

    scene = {"list_key": list_key, "index_key": index_key, "list_id": "l_spring"}
    if mixed in stored:
        assert open_scene(scene, row=mixed) == rows[stored.index(mixed)]
    else:
        assert_closed(scene, row=mixed)


@given(
    st.builds(
        SealedRow,
        st.binary(max_size=40),
        st.binary(max_size=14),
        st.integers(),
        st.binary(max_size=80)
        | st.binary(min_size=17, max_size=80).map(lambda body: b"\x01\0\0\0\0" + body)
        | st.binary(min_size=17, max_size=80).map(
            lambda body: b"\x02\0\0\0\0\0\0" + body
        ),
        TEXTS,
    ),
    KEYS,
)
def test_whatever_the_dock_sends_only_a_verification_error_comes_back(
    row: SealedRow, key: bytes
) -> None:
    scene = {"list_key": key, "index_key": key, "list_id": "l_spring"}

    assert_closed(scene, row=row)


@given(st.binary(min_size=16, max_size=16))
def test_a_token_and_its_text_are_one(token: bytes) -> None:
    assert parse_token(format_token(token)) == token


@given(st.text(max_size=30) | st.text("abcxyz234567", min_size=26, max_size=26))
def test_a_text_is_the_one_text_of_a_token_or_refused(text: str) -> None:
    try:
        token = parse_token(text)
    except MalformedError:
        return

    assert format_token(token) == text


@given(KEYS, st.lists(TEXTS, max_size=8))
def test_tokens_made_together_are_those_made_alone(
    key: bytes, forms: list[str]
) -> None:
    tokens = make_tokens(key, forms)

    assert tokens == [make_token(key, form) for form in forms]
    assert len(set(tokens)) == len(set(forms))


BATCHES = st.fixed_dictionaries(
    {
        "key_number": st.integers(-1, 65_536),
        "list_id": st.just("l_spring") | TEXTS.map(lambda text: text * 9),
        "batch_id": BATCH_IDS | st.binary(max_size=16),
        "row_version": st.just(1),
        "positions": st.lists(st.integers(-2, 70_000), max_size=3),
        "tokens": st.lists(st.binary(max_size=20), max_size=3),
        "facets": st.lists(TEXTS, max_size=3),
        "rows": st.lists(st.builds(OpenedRow, TEXTS, TEXTS), max_size=3),
    }
)


@given(KEYS, BATCHES)
def test_a_batch_is_sealed_whole_or_refused(key: bytes, batch: dict[str, Any]) -> None:
    try:
        sealed = seal_rows(key, **batch)
    except MalformedError:
        return

    assert len(sealed) == len(batch["rows"]) == len(batch["positions"])
