import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from listkeep.cli.adoption.token_files import TokenFile, open_output, whole_lines
from listkeep.cli.commands import tokens
from listkeep.cli.commands.tokens import choose
from listkeep.cli.output import WrongUsage
from listkeep.core.errors import ConflictError, MalformedError
from listkeep.core.files.tools import Tool

DOMAIN = "tok.example.com"


def line(number: int, *, status: str = "subscribed", provider: str = "gmail") -> bytes:
    token = f"{number:026d}".translate(str.maketrans("0189", "abcd"))
    return (
        f'{{"token":"{token}","status":"{status}",'
        f'"facets":{{"plan":"pro","provider":"{provider}"}}}}\n'
    ).encode()


def made(tool: Tool, *, limit: int | None = None) -> TokenFile:
    return TokenFile(
        tool, token_domain=DOMAIN, facets=("plan", "provider"), limit=limit
    )


@pytest.mark.parametrize("cut", [1, 7, 64, 4096])
def test_however_the_stream_was_cut_the_file_is_the_same(cut: int) -> None:
    stream = b"".join(map(line, range(50)))
    chunks = [stream[at : at + cut] for at in range(0, len(stream), cut)]

    text = b"".join(made(Tool.MAILMAN).chunks(chunks)).decode()

    assert len(text.splitlines()) == 50
    assert all(each.endswith(f"@p0.{DOMAIN}") for each in text.splitlines())


def test_only_who_is_subscribed_is_imported_as_a_subscriber() -> None:
    file = made(Tool.MAUTIC)
    chunks = [line(1), line(2, status="unsubscribed"), line(3, status="bounced")]

    text = b"".join(file.chunks(chunks)).decode()

    assert text.count(DOMAIN) == 1
    assert (file.written, file.left_out) == (1, 2)
    assert b"".join(made(Tool.CSV).chunks(chunks)).count(DOMAIN.encode()) == 3


def test_who_reads_mail_at_no_known_provider_is_in_the_last_bucket() -> None:
    text = b"".join(made(Tool.MAILMAN).chunks([line(1, provider="nobody")]))

    assert text.strip().endswith(f"@p21.{DOMAIN}".encode())


@pytest.mark.parametrize("limit", [0, 1, 3, 9])
def test_a_limit_counts_what_is_written(limit: int) -> None:
    chunks = [line(0, status="bounced"), *map(line, range(5))]

    text = b"".join(made(Tool.MAILMAN, limit=limit).chunks(chunks)).decode()

    assert len(text.splitlines()) == min(limit, 5)


def test_a_domain_that_is_none_is_refused_before_anything_is_asked() -> None:
    with pytest.raises(MalformedError):
        TokenFile(Tool.CSV, token_domain="nowhere", facets=(), limit=None)


def test_a_million_rows_take_no_more_memory_than_ten_thousand() -> None:
    def peak(rows: int) -> int:
        page = b"".join(map(line, range(1000)))
        stream: Iterator[bytes] = (page for _ in range(rows // 1000))
        tracemalloc.start()
        for _ in made(Tool.LISTMONK).chunks(stream):
            pass
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    assert peak(100_000) < 1.2 * peak(10_000) + 100_000


def test_a_stream_without_a_last_line_end_loses_nothing() -> None:
    assert list(whole_lines([b"a\nb", b"c"])) == [[b"a"], [b"bc"]]


def test_a_file_has_its_name_once_it_is_whole_and_is_its_owners_alone(
    tmp_path: Path,
) -> None:
    path = tmp_path / "out.csv"
    with open_output(path) as file:
        file.write(b"half")
        assert not path.exists()

    assert path.read_bytes() == b"half"
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(ConflictError), open_output(path):
        pass


def break_off(path: Path) -> None:
    with open_output(path) as file:
        file.write(b"half")
        raise OSError("full")


def test_a_file_that_broke_off_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="full"):
        break_off(tmp_path / "out")

    assert list(tmp_path.iterdir()) == []


def test_a_tool_is_told_from_a_person() -> None:
    assert choose(["mautic", "ben"], person="ada") == (Tool.MAUTIC, "ben")
    assert choose(["ben"], person="ada") == (None, "ben")
    assert choose(["csv"], person="ada") == (Tool.CSV, "ada")
    assert choose([], person="") == (None, "")
    for names in (["csv", "mautic"], ["ben", "ada"]):
        with pytest.raises(WrongUsage):
            choose(names, person="")


@pytest.mark.parametrize(
    ("domains", "found"), [(["tok.example.com"] * 2, "tok.example.com")]
)
def test_the_domain_is_that_of_the_routes(
    monkeypatch: pytest.MonkeyPatch, domains: list[str], found: str
) -> None:
    rows = [{"token_domain": domain} for domain in domains]
    monkeypatch.setattr(tokens, "read_rows", lambda _kind, **_named: rows)

    assert tokens._domain_of_routes("ben") == found


@pytest.mark.parametrize("domains", [[], ["tok.example.com", "tok.example.net"]])
def test_routes_that_do_not_say_it_leave_it_to_be_said(
    monkeypatch: pytest.MonkeyPatch, domains: list[str]
) -> None:
    rows = [{"token_domain": domain} for domain in domains]
    monkeypatch.setattr(tokens, "read_rows", lambda _kind, **_named: rows)

    with pytest.raises(WrongUsage):
        tokens._domain_of_routes("ben")
