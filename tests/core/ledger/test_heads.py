from dataclasses import replace

import pytest

from listkeep.core import canonical
from listkeep.core.errors import Code, MalformedError, VerificationError
from listkeep.core.ledger.heads import (
    ListHead,
    format_extension,
    heads_root,
    link,
    parse_extensions,
    prove_head,
    verify_chain,
    verify_head,
)
from listkeep.core.ledger.tree import EMPTY_ROOT, leaf_hash, node_hash


def chain(*events: str, list_id: str = "l-spring") -> list[dict[str, str]]:
    entries: list[dict[str, str]] = []
    for event in events:
        head = head_of(entries) if entries else None
        entries.append({"event": event, "list": list_id, **link(head)})
    return entries


def head_of(entries: list[dict[str, str]]) -> ListHead:
    return ListHead(len(entries), canonical.digest(entries[-1]))


def test_the_first_entry_of_a_list_has_nothing_before_it() -> None:
    assert link(None) == {"list_sequence": "1", "list_previous": ""}


def test_the_next_entry_names_the_one_before_it() -> None:
    assert link(ListHead(7, "ab")) == {"list_sequence": "8", "list_previous": "ab"}


def test_a_whole_chain_ends_at_its_head() -> None:
    entries = chain("list.created", "list.imported", "grant.approved")

    verify_chain(entries)
    verify_chain(entries, head=head_of(entries))


def test_a_list_without_a_head_has_no_entries() -> None:
    verify_chain([])
    with pytest.raises(VerificationError):
        verify_chain([], head=ListHead(1, "ab"))


def test_entries_that_stop_early_are_found_out_by_the_head() -> None:
    entries = chain("list.created", "list.imported")

    with pytest.raises(VerificationError) as caught:
        verify_chain(entries[:1], head=head_of(entries))

    assert caught.value.code == Code.LEDGER_INVALID


@pytest.mark.parametrize("gone", [0, 1])
def test_a_missing_entry_breaks_the_chain(gone: int) -> None:
    entries = chain("list.created", "list.imported", "grant.approved")
    del entries[gone]

    with pytest.raises(VerificationError):
        verify_chain(entries)


def test_a_changed_entry_breaks_the_chain() -> None:
    entries = chain("list.created", "list.imported")
    entries[0]["event"] = "list.renamed"

    with pytest.raises(VerificationError):
        verify_chain(entries)


def test_a_change_to_the_newest_entry_is_found_out_by_the_head() -> None:
    entries = chain("list.created", "list.imported")
    head = head_of(entries)
    entries[-1]["event"] = "list.renamed"

    verify_chain(entries)
    with pytest.raises(VerificationError):
        verify_chain(entries, head=head)


def test_entries_in_another_order_break_the_chain() -> None:
    with pytest.raises(VerificationError):
        verify_chain(chain("list.created", "list.imported")[::-1])


def test_an_entry_of_another_list_breaks_the_chain() -> None:
    entries = chain("list.created", "list.imported")
    entries[1]["list"] = "l-autumn"

    with pytest.raises(VerificationError):
        verify_chain(entries)


def test_an_entry_about_no_list_is_in_no_chain() -> None:
    with pytest.raises(VerificationError):
        verify_chain([link(None)])
    with pytest.raises(VerificationError):
        verify_chain([{"list": "", **link(None)}])


def test_no_lists_have_the_empty_root() -> None:
    assert heads_root({}) == EMPTY_ROOT


def test_the_root_is_the_tree_over_canonical_leaves_in_order() -> None:
    spring = leaf_hash(b'{"list":"l-spring","newest":"cd","sequence":"2"}')
    autumn = leaf_hash(b'{"list":"l-autumn","newest":"ab","sequence":"10"}')

    assert heads_root({"l-spring": ListHead(2, "cd")}) == spring
    assert heads_root(
        {"l-spring": ListHead(2, "cd"), "l-autumn": ListHead(10, "ab")}
    ) == node_hash(autumn, spring)


def test_any_change_of_a_head_changes_the_root() -> None:
    roots = {
        heads_root({name: ListHead(sequence, digest)})
        for name in ("a", "b")
        for sequence in (1, 2)
        for digest in ("ab", "cd")
    }

    assert len(roots) == 8


def test_a_list_id_without_a_canonical_form_is_refused() -> None:
    with pytest.raises(MalformedError):
        heads_root({"\ud800": ListHead(1, "ab")})


def test_the_extension_line_is_found_among_others() -> None:
    line = format_extension(EMPTY_ROOT)

    assert line == "listheads 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
    assert parse_extensions(["epoch 1", line, "listheadsplus 7"]) == EMPTY_ROOT


@pytest.mark.parametrize(
    "extensions",
    [
        [],
        ["epoch 1"],
        ["listheads"],
        ["listheads "],
        ["listheads AAAA"],
        ["listheads ????"],
        [format_extension(EMPTY_ROOT)] * 2,
        [f"{format_extension(EMPTY_ROOT)} "],
    ],
)
def test_a_missing_doubled_or_mangled_line_is_refused(extensions: list[str]) -> None:
    with pytest.raises(MalformedError):
        parse_extensions(extensions)


HEADS = {f"l-{name}": ListHead(number, "ab" * 32) for number, name in enumerate("bcda")}


@pytest.mark.parametrize("list_id", sorted(HEADS))
def test_each_lists_head_is_proved_without_the_others(list_id: str) -> None:
    verify_head(list_id, prove_head(HEADS, list_id), root=heads_root(HEADS))


def test_a_head_that_hides_the_newest_entry_is_not_the_committed_one() -> None:
    proof = prove_head(HEADS, "l-c")
    older = replace(proof, head=ListHead(proof.head.sequence - 1, proof.head.digest))

    with pytest.raises(VerificationError):
        verify_head("l-c", older, root=heads_root(HEADS))


def test_one_lists_head_is_not_anothers() -> None:
    with pytest.raises(VerificationError):
        verify_head("l-b", prove_head(HEADS, "l-c"), root=heads_root(HEADS))


def test_a_list_without_entries_has_no_head_to_prove() -> None:
    with pytest.raises(MalformedError):
        prove_head(HEADS, "l-nobody")
