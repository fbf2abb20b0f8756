import base64
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from listkeep.core.errors import Code, MalformedError, VerificationError
from listkeep.core.ledger.note import (
    MAX_NOTE_BYTES,
    MAX_SIGNATURES,
    SIZE_LIMIT,
    Checkpoint,
    Note,
    NoteKey,
    NoteSignature,
    NoteSigner,
    decode_base64,
    encode_base64,
    open_note,
    sign_note,
)
from listkeep.core.ledger.tree import EMPTY_ROOT, TreeHead

# c2sp.org/signed-note, section "Verifier keys", example.
C2SP_VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
C2SP_NOTE = (
    "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6"
    "TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
).encode()

TEXT = "keeper.example/ledger\n0\nroot\n"


def signer(name: str, seed: bytes = b"\x01") -> NoteSigner:
    private = Ed25519PrivateKey.from_private_bytes(sha256(seed).digest())
    return NoteSigner(
        NoteKey(name, private.public_key().public_bytes_raw()), private.sign
    )


KEEPER = signer("keeper.example/ledger")
WITNESS = signer("witness.example/w1", b"\x02")


def line(name: str, blob: bytes) -> str:
    return f"— {name} {base64.b64encode(blob).decode()}\n"


def signed_by(*signers: NoteSigner, text: str = TEXT) -> bytes:
    lines = [
        line(one.key.name, one.key.id + one.sign(text.encode())) for one in signers
    ]
    return f"{text}\n{''.join(lines)}".encode()


def test_the_example_of_the_specification_opens() -> None:
    note = open_note(C2SP_NOTE, [NoteKey.parse(C2SP_VKEY)])

    assert note.text == "This is an example message.\n"
    assert [found.name for found in note.signatures] == ["example.com/foo"]
    assert note.unverified_signatures == ()


def test_the_example_of_the_go_library_opens_and_is_signed_again() -> None:
    # golang.org/x/mod/sumdb/note, package documentation.
    seed = decode_base64("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
    text = (
        "If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n"
    )
    expected = (
        f"{text}\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1"
        "FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    ).encode()
    key = NoteKey.parse(
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    )
    private = Ed25519PrivateKey.from_private_bytes(seed)

    assert sign_note(text, NoteSigner(key, private.sign)) == expected
    assert open_note(expected, [key]).text == text


def test_a_verifier_key_is_written_as_it_was_read() -> None:
    key = NoteKey.parse(C2SP_VKEY)

    assert key.format() == C2SP_VKEY
    assert key.name == "example.com/foo"
    assert key.id.hex() == "530d903a"
    assert key.id == sha256(b"example.com/foo\n\x01" + key.public_key).digest()[:4]


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "example.com/foo",
        "example.com/foo+530d903a",
        C2SP_VKEY.replace("530d903a", "530d903b"),
        C2SP_VKEY.replace("530d903a", "530D903A"),
        C2SP_VKEY.replace("530d903a", ""),
        C2SP_VKEY.replace("foo", "bar"),
        C2SP_VKEY.replace("+Ae", "+BO"),
        C2SP_VKEY.replace("U2k", "U2"),
        C2SP_VKEY.replace("3U2k", ""),
        C2SP_VKEY.replace("example.com/foo", ""),
        C2SP_VKEY.replace("/foo", " foo"),
        C2SP_VKEY.replace("/foo", "\u2003foo"),
        C2SP_VKEY.replace("/foo", "\ud800"),
        C2SP_VKEY.replace("3U2k", "é"),
        f"{C2SP_VKEY}\n",
    ],
)
def test_a_mangled_verifier_key_is_refused(vkey: str) -> None:
    with pytest.raises(MalformedError):
        NoteKey.parse(vkey)


def test_a_note_holds_the_text_and_one_signature() -> None:
    note = sign_note(TEXT, KEEPER)

    assert note == signed_by(KEEPER)
    assert open_note(note, [KEEPER.key]).text == TEXT


@pytest.mark.parametrize("text", ["", "no newline", "tab\t\n", "cr\r\n", "\ud800\n"])
def test_a_text_that_cannot_be_read_back_is_not_signed(text: str) -> None:
    with pytest.raises(MalformedError):
        sign_note(text, KEEPER)


@pytest.mark.parametrize("text", ["\n", "a\n\n", "\n\na\n\n\n", "Frühling\u2028x\n"])
def test_empty_lines_and_foreign_letters_survive(text: str) -> None:
    assert open_note(sign_note(text, KEEPER), [KEEPER.key]).text == text


def test_a_signer_without_the_private_half_of_its_key_signs_nothing() -> None:
    with pytest.raises(VerificationError) as caught:
        sign_note(TEXT, NoteSigner(KEEPER.key, WITNESS.sign))
    assert caught.value.code == Code.SIGNATURE_INVALID
    with pytest.raises(VerificationError):
        sign_note(TEXT, NoteSigner(KEEPER.key, lambda _: b"short"))


def test_signatures_by_others_are_kept_apart() -> None:
    note = open_note(signed_by(WITNESS, KEEPER), [KEEPER.key])

    assert [found.name for found in note.signatures] == [KEEPER.key.name]
    assert [found.name for found in note.unverified_signatures] == [WITNESS.key.name]


def test_every_trusted_signature_is_reported() -> None:
    note = open_note(signed_by(WITNESS, KEEPER), [KEEPER.key, WITNESS.key])

    assert len(note.signatures) == 2
    assert note.unverified_signatures == ()


def test_a_key_that_signs_twice_counts_once() -> None:
    junk = line(KEEPER.key.name, KEEPER.key.id + bytes(64)).encode()

    note = open_note(signed_by(KEEPER, KEEPER) + junk, [KEEPER.key])

    assert note == Note(
        TEXT,
        (NoteSignature(KEEPER.key.name, KEEPER.key.id, KEEPER.sign(TEXT.encode())),),
    )


def test_a_signature_of_another_type_is_unverified() -> None:
    cosignature = line(WITNESS.key.name, b"\xde\xad\xbe\xef" + bytes(72)).encode()

    note = open_note(signed_by(KEEPER) + cosignature, [KEEPER.key, WITNESS.key])

    assert note.unverified_signatures == (
        NoteSignature(WITNESS.key.name, b"\xde\xad\xbe\xef", bytes(72)),
    )


def test_a_note_that_no_trusted_key_signed_does_not_open() -> None:
    for verifiers in ([], [WITNESS.key], [signer(KEEPER.key.name, b"\x03").key]):
        with pytest.raises(VerificationError) as caught:
            open_note(signed_by(KEEPER), verifiers)
        assert caught.value.code == Code.SIGNATURE_INVALID


def test_one_wrong_signature_under_a_trusted_key_spoils_the_note() -> None:
    wrong = line(WITNESS.key.name, WITNESS.key.id + bytes(64)).encode()
    short = line(WITNESS.key.name, WITNESS.key.id + b"\x00").encode()

    for bad in (wrong, short):
        with pytest.raises(VerificationError):
            open_note(signed_by(KEEPER) + bad, [KEEPER.key, WITNESS.key])


def test_a_changed_text_does_not_open() -> None:
    with pytest.raises(VerificationError):
        open_note(signed_by(KEEPER).replace(b"\n0\n", b"\n1\n"), [KEEPER.key])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\n\n",
        b"text\n",
        b"text\n\n",
        b"\n\n",
        TEXT.encode() + b"\n",
        signed_by(KEEPER)[:-1],
        signed_by(KEEPER) + b"\n",
        signed_by(KEEPER).replace(b"\n", b"\r\n"),
        signed_by(KEEPER).replace("— ".encode(), b"- "),
        signed_by(KEEPER).replace("— ".encode(), "— — ".encode()),
        signed_by(KEEPER).replace("— ".encode(), "—  ".encode()),
        signed_by(KEEPER).replace(b"ledger", b"ledg\x00er"),
        signed_by(KEEPER) + line("", bytes(68)).encode(),
        signed_by(KEEPER) + line("a+b", bytes(68)).encode(),
        signed_by(KEEPER) + line("a\u00a0b", bytes(68)).encode(),
        signed_by(KEEPER) + line("short", bytes(4)).encode(),
        signed_by(KEEPER) + "— name\n".encode(),
        signed_by(KEEPER) + "— name ====\n".encode(),
        signed_by(KEEPER) + "— name AAAAAAA\n".encode(),
        signed_by(KEEPER) + "— name AAAAAAB=\n".encode(),
        signed_by(KEEPER) + "— name AAAAAAAA \n".encode(),
    ],
)
def test_bytes_that_are_not_a_signed_note_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedError):
        open_note(data, [KEEPER.key])


def test_size_and_number_of_signatures_have_a_limit() -> None:
    one = line("someone", bytes(68)).encode()
    full = signed_by(KEEPER) + one * (MAX_SIGNATURES - 1)

    assert len(open_note(full, [KEEPER.key]).unverified_signatures) == 99
    with pytest.raises(MalformedError, match="too many"):
        open_note(full + one, [KEEPER.key])
    with pytest.raises(MalformedError, match="too long"):
        open_note(bytes(MAX_NOTE_BYTES + 1), [KEEPER.key])


def test_the_checkpoint_of_the_specification_is_read_and_written() -> None:
    # c2sp.org/tlog-checkpoint, example.
    text = (
        "example.com/behind-the-sofa\n20852163\n"
        "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    )
    checkpoint = Checkpoint.parse(text)

    assert checkpoint.origin == "example.com/behind-the-sofa"
    assert checkpoint.head == TreeHead(20852163, checkpoint.root)
    assert checkpoint.root.hex()[:8] == "0ac5186a"
    assert checkpoint.format() == text


def test_extension_lines_are_kept_in_order() -> None:
    checkpoint = Checkpoint("keeper.example", 0, EMPTY_ROOT, ("b 1", "a 2"))

    assert Checkpoint.parse(checkpoint.format()) == checkpoint


ROOT = encode_base64(EMPTY_ROOT)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "origin\n",
        "origin\n0\n",
        f"origin\n0\n{ROOT}",
        f"\n0\n{ROOT}\n",
        f"origin\n\n{ROOT}\n",
        f"origin\n00\n{ROOT}\n",
        f"origin\n-1\n{ROOT}\n",
        f"origin\n+1\n{ROOT}\n",
        f"origin\n1_0\n{ROOT}\n",
        f"origin\n٣\n{ROOT}\n",
        f"origin\n{'9' * 5000}\n{ROOT}\n",
        f"origin\n{SIZE_LIMIT}\n{ROOT}\n",
        f"origin\n0\n{ROOT[:-4]}\n",
        f"origin\n0\n{ROOT[:-1]}\n",
        f"origin\n0\n{ROOT} \n",
        f"origin\n0\n{ROOT}\n\n",
        f"origin\n0\n{ROOT}\n\nextension\n",
        f"origin\n0\n{ROOT}\nexten\tsion\n",
        f"origin\n0\n{ROOT}\nextension",
        f"orig\rin\n0\n{ROOT}\n",
    ],
)
def test_a_text_that_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        Checkpoint.parse(text)


@pytest.mark.parametrize(
    "fields",
    [
        ("", 0, EMPTY_ROOT),
        ("two\nlines", 0, EMPTY_ROOT),
        ("origin", -1, EMPTY_ROOT),
        ("origin", SIZE_LIMIT, EMPTY_ROOT),
        ("origin", 0, EMPTY_ROOT[1:]),
        ("origin", 0, EMPTY_ROOT, ("",)),
        ("origin", 0, EMPTY_ROOT, ("two\nlines",)),
    ],
)
def test_a_checkpoint_that_could_not_be_read_back_is_not_made(
    fields: tuple[str, int, bytes],
) -> None:
    with pytest.raises(MalformedError):
        Checkpoint(*fields)


def test_the_largest_size_is_written_and_read() -> None:
    checkpoint = Checkpoint("keeper.example", SIZE_LIMIT - 1, EMPTY_ROOT)

    assert Checkpoint.parse(checkpoint.format()) == checkpoint


def test_bytes_have_one_spelling_in_base64() -> None:
    assert decode_base64("AAAAAAA=") == bytes(5)
    for other in ("AAAAAAB=", "AAAAAAA", "AAAAAAA==", "AAAA AAA=", "AAAAAAA=\n", "é"):
        with pytest.raises(MalformedError):
            decode_base64(other)
