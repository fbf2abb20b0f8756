import hashlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from django.db import connection

from listkeep.dock.lists import bulk
from listkeep.dock.lists.queries import find_sealed
from listkeep.dock.project.database import database_settings
from tests.dock.conftest import HEADER, Api, token_text
from tests.fakes.keeper import FakeKeeper
from tests.fakes.rows import sealed_rows


def test_a_file_becomes_tokens_with_facets(keeper: FakeKeeper, ada: Api) -> None:
    list_id = ada.open_list()
    content = f"{HEADER}Anna@example.com,pro,DE,Anna\nbert@example.com,,FR,Bert\n"

    done = ada.send(list_id, content.encode()).json

    assert (done["state"], done["rows"], done["rejected"]) == ("done", 2, 0)
    assert done["bytes"] == done["size"] == len(content.encode())
    assert done["sha256"] == hashlib.sha256(content.encode()).hexdigest()
    assert {entry["token"]: entry["facets"] for entry in ada.tokens(list_id)} == {
        token_text(keeper, "anna@example.com"): {"plan": "pro", "country": "DE"},
        token_text(keeper, "bert@example.com"): {"plan": None, "country": "FR"},
    }


def test_the_rest_of_a_row_is_sealed_in_the_order_of_the_fields(
    keeper: FakeKeeper, ada: Api
) -> None:
    list_id = ada.open_list(fields=["city"])
    ada.fill(list_id, 'anna@example.com,pro,DE,"An""na\nsecond line, ü"')
    ada.send(list_id, b"city;E-mail;plan\nBonn;bert@example.com;pro\n", mapping={})

    record = keeper.lists[list_id]
    assert record.fields == ("city", "name")
    opened = {}
    for address in ("anna@example.com", "bert@example.com"):
        token = keeper.token_of("acme", address)
        [row] = sealed_rows(find_sealed(list_id, [token]))
        opened[address] = json.loads(keeper.open(record, row).fields)
    assert opened == {
        "anna@example.com": ["", 'An"na\nsecond line, ü'],
        "bert@example.com": ["Bonn", ""],
    }


def test_a_list_without_facets_and_a_file_without_fields_will_do(ada: Api) -> None:
    list_id = ada.open_list(facets=[])

    done = ada.send(list_id, b"email\nanna@example.com\n", mapping={}).json

    assert done["rows"] == 1
    [entry] = ada.tokens(list_id)
    assert entry["facets"] == {}


def test_a_list_with_a_provider_facet_learns_who_keeps_each_mailbox(ada: Api) -> None:
    list_id = ada.open_list(facets=["plan:text", "provider:text"])
    rows = "anna@example.com,pro\nbert@example.net,free\n"

    ada.send(list_id, f"email,plan\n{rows}".encode(), mapping={})

    assert sorted(
        (entry["facets"]["plan"], entry["facets"]["provider"])
        for entry in ada.tokens(list_id)
    ) == [("free", "other"), ("pro", "other")]


@pytest.mark.parametrize(
    ("facet", "header", "rest", "found"),
    [
        ("provider:text", "email,provider", ",mine", "mine"),  # the file knows better
        ("provider:int", "email,age", ",3", None),  # that is another provider
    ],
)
def test_a_provider_is_found_only_where_it_is_wanted(
    ada: Api, facet: str, header: str, rest: str, found: str | None
) -> None:
    list_id = ada.open_list(facets=[facet])

    ada.send(list_id, f"{header}\nanna@example.com{rest}\n".encode(), mapping={})

    [entry] = ada.tokens(list_id)
    assert entry["facets"] == {"provider": found}


def test_json_lines_are_a_list_too(ada: Api) -> None:
    list_id = ada.open_list()
    rows = [
        {"email": "anna@example.com", "plan": "pro", "name": "Änna"},
        {"email": "bert@example.com", "plan": "free"},
    ]

    done = ada.send(
        list_id,
        "\n".join(map(json.dumps, rows)).encode(),
        format="jsonl",
        mapping={},
    ).json

    assert done["rows"] == 2


def test_a_mailchimp_export_needs_no_mapping(ada: Api) -> None:
    list_id = ada.open_list(facets=["member_rating:int"])
    content = (
        "Email Address,First Name,MEMBER_RATING,OPTIN_TIME,LEID,EUID,UNSUB_TIME\n"
        "anna@example.com,Anna,4,2020-01-01 00:00:00,1,a,2024-01-01 00:00:00\n"
    )

    ada.send(list_id, content.encode(), mapping={})

    [entry] = ada.tokens(list_id)
    assert entry["status"] == "unsubscribed"
    assert entry["facets"] == {"member_rating": 4}


def test_importing_again_updates_and_does_not_double(
    keeper: FakeKeeper, ada: Api, news: str
) -> None:
    before = bulk.read_rows(["token", "sealed"], news)
    ada.fill(news, "anna@example.com,team,DE,Anne", "emil@example.com,pro,DE,Emil")

    after: dict[bytes, bytes] = dict(bulk.read_rows(["token", "sealed"], news))
    anna = keeper.token_of("acme", "anna@example.com")
    changed = {token for token, sealed in before if after[token] != sealed}
    assert len(after) == 5
    assert changed == {anna}
    assert ada.get(f"/lists/{news}/count", segment='plan = "team"').json["count"] == 1


def test_the_last_row_of_an_address_wins(ada: Api) -> None:
    list_id = ada.open_list()

    done = ada.fill(
        list_id,
        "anna@example.com,pro,DE,first",
        "bert@example.com,pro,DE,",
        "ANNA@example.com,free,FR,last",
    ).json

    assert done["rows"] == 3
    facets = [entry["facets"] for entry in ada.tokens(list_id)]
    assert {"plan": "free", "country": "FR"} in facets
    assert len(facets) == 2


def test_order_holds_over_many_batches(ada: Api, keeper: FakeKeeper) -> None:
    list_id = ada.open_list(facets=["n:int"])
    rows = "".join(f"u{i}@example.com,{i % 3}\n" for i in range(9_000))
    again = "".join(f"u{i}@example.com,7\n" for i in range(0, 9_000, 2))

    done = ada.send(list_id, f"email,n\n{rows}{again}".encode(), mapping={}).json

    assert (done["rows"], done["added"], done["updated"]) == (13_500, 9_000, 0)
    count = ada.get(f"/lists/{list_id}/count", segment="n = 7").json["count"]
    assert count == 4_500
    assert keeper.calls.count("seal_rows") == 4


def test_a_status_never_gets_better_by_an_import(
    keeper: FakeKeeper, ada: Api, news: str
) -> None:
    token = token_text(keeper, "anna@example.com")
    ada.patch(f"/lists/{news}/entries/{token}", {"status": "bounced"})

    ada.fill(news, "anna@example.com,team,DE,Anna")

    entry = ada.get(f"/lists/{news}/entries/{token}").json
    assert entry["status"] == "bounced"
    assert entry["facets"]["plan"] == "team"


def test_an_erased_entry_stays_as_it_is(
    keeper: FakeKeeper, ada: Api, news: str
) -> None:
    token = keeper.token_of("acme", "anna@example.com")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE entry SET status = 4, sealed = %s WHERE token = %s",
            [b"\0", token],
        )

    ada.fill(news, "anna@example.com,team,DE,Anna")

    [row] = sealed_rows(find_sealed(news, [token]))
    assert row.sealed == b"\0"


def test_rows_that_are_not_subscribed_are_suppressed_at_the_keeper_first(
    keeper: FakeKeeper, ada: Api
) -> None:
    list_id = ada.open_list(facets=[])
    content = (
        "email,status\nanna@example.com,unsubscribed\nbert@example.com,cleaned\n"
        "carl@example.com,subscribed\nanna@example.com,subscribed\n"
    )

    ada.send(list_id, content.encode(), mapping={})

    worse = {
        keeper.token_of("acme", f"{name}@example.com") for name in ("anna", "bert")
    }
    assert keeper.suppressed[list_id] == worse
    statuses = ada.get(f"/lists/{list_id}").json["statuses"]
    assert (statuses["subscribed"], statuses["unsubscribed"]) == (1, 1)
    assert keeper.calls.index("suppress") < keeper.calls.index("finish_import")


def test_rejected_lines_have_a_number_and_a_reason_and_no_text(ada: Api) -> None:
    list_id = ada.open_list(facets=["rating:int"])
    content = (
        "email,rating\nanna@example.com,1\nnobody at example,2\n"
        "bert@example.com,good\n,3\ncarl@example.com,3,4\n"
    )
    import_id = ada.begin_import(list_id, mapping={})

    done = ada.put(f"/imports/{import_id}/file", content.encode()).json

    assert (done["rows"], done["rejected"]) == (1, 4)
    first = ada.get(f"/imports/{import_id}/rejects", limit="3").json
    rest = ada.get(f"/imports/{import_id}/rejects", cursor=first["cursor"]).json
    assert first["total"] == 4
    lines = {row["line"]: row["reason"] for row in first["rejects"] + rest["rejects"]}
    assert lines == {
        3: "address-invalid",
        4: "facet-invalid",
        5: "address-missing",
        6: "too-many-fields",
    }
    assert rest["cursor"] is None
    assert "nobody" not in str(first) + str(rest)


def test_a_row_the_keeper_does_not_seal_is_rejected(
    keeper: FakeKeeper, ada: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    list_id = ada.open_list()
    refused = keeper.token_of("acme", "bert@example.com")
    tokens = keeper._tokens
    monkeypatch.setattr(
        keeper,
        "_tokens",
        lambda *asked, **how: [
            None if token == refused else token for token in tokens(*asked, **how)
        ],
    )
    import_id = ada.begin_import(list_id)
    content = HEADER + "anna@example.com,pro,DE,A\nbert@example.com,pro,DE,B\n"

    done = ada.put(f"/imports/{import_id}/file", content.encode()).json

    assert (done["rows"], done["rejected"]) == (1, 1)
    [reject] = ada.get(f"/imports/{import_id}/rejects").json["rejects"]
    assert (reject["line"], reject["reason"]) == (3, "not-accepted")


def test_only_the_first_rejected_lines_are_kept(
    ada: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("listkeep.dock.intake.receiving.MAX_REJECTS_KEPT", 10)
    list_id = ada.open_list(facets=[])
    import_id = ada.begin_import(list_id, mapping={})
    content = "email\nanna@example.com\n" + "nobody\n" * 50

    ada.put(f"/imports/{import_id}/file", content.encode())

    page = ada.get(f"/imports/{import_id}/rejects").json
    assert (page["total"], len(page["rejects"])) == (50, 10)


def test_a_person_learns_rounded_counts_while_a_file_is_small(ada: Api) -> None:
    list_id = ada.open_list(facets=[])

    def rows(start: int, end: int) -> bytes:
        return "".join(
            ["email\n", *(f"u{i}@example.com\n" for i in range(start, end))]
        ).encode()

    small = ada.send(list_id, rows(0, 14), mapping={}).json
    large = ada.send(list_id, rows(7, 1_207), mapping={}).json

    assert (small["added"], small["updated"], small["rounded"]) == (10, 0, True)
    assert (large["added"], large["updated"], large["rounded"]) == (1_193, 7, False)


def test_a_service_is_not_told_what_was_new(
    keeper: FakeKeeper, ada: Api, intake: Api, news: str
) -> None:
    done = intake.fill(news, "anna@example.com,pro,DE,A", "new@example.com,pro,DE,B")

    assert done.json["rows"] == 2
    assert done.json["added"] is done.json["updated"] is None
    import_id = done.json["id"]
    assert intake.get(f"/imports/{import_id}").json["added"] is None
    assert keeper.tickets["t2"].end is not None
    assert keeper.tickets["t2"].end.added == 1


def test_an_app_key_imports_nothing(app: Api, news: str) -> None:
    answer = app.post(f"/lists/{news}/imports", {})

    assert answer.status == 403


def test_the_keeper_learns_the_outcome(keeper: FakeKeeper, news: str) -> None:
    end = keeper.tickets["t1"].end

    assert end is not None
    assert (end.committed, end.rows, end.added, end.updated) == (True, 4, 4, 0)
    assert len(end.sha256) == 64


def test_nothing_is_left_of_the_staging(news: str, home: Path) -> None:
    assert list((home / "staging").iterdir()) == []


def test_the_table_is_clustered_by_token(sqlite: None, news: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT sql FROM sqlite_master WHERE name = 'entry'")
        [sql] = cursor.fetchone()
        cursor.execute(
            "EXPLAIN QUERY PLAN SELECT token FROM entry WHERE list_id = 'x'"
            " AND token > x'00' ORDER BY token"
        )
        plan = " ".join(row[3] for row in cursor.fetchall())
    assert "WITHOUT ROWID" in sql
    assert "USING PRIMARY KEY" in plan
    assert "TEMP B-TREE" not in plan


def test_sqlite_is_set_up_to_survive_a_power_cut(tmp_path: Path) -> None:
    known = database_settings("", home=tmp_path)  # the tests' own one waits for nothing
    with closing(sqlite3.connect(known["NAME"])) as database:
        database.executescript(known["OPTIONS"]["init_command"])
        (mode,) = database.execute("PRAGMA journal_mode").fetchone()
        (full,) = database.execute("PRAGMA synchronous").fetchone()

    assert (mode, full) == ("wal", 2)
    assert sqlite3.sqlite_version_info >= (3, 35)
