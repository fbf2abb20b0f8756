from datetime import timedelta

from listkeep.core.registry.circumstances import gather_circumstances
from listkeep.core.registry.facts import RequestFacts
from tests.core.registry.scribe import ACME, NEWS, PRINTER, Scribe, meet


def test_what_holds_for_a_request_is_what_the_registry_says() -> None:
    scribe = Scribe.with_cast()
    export = scribe.ask_export()
    found = gather_circumstances(
        scribe.registry, export, signed_at=scribe.now, now=scribe.now
    )

    assert (found.owners, found.recent_rows, found.signed_at) == (2, 0, scribe.now)
    assert (found.about_owner, found.loosens, found.incident_open) == (False,) * 3
    assert not found.early


def test_only_an_export_looks_at_earlier_copies() -> None:
    scribe = Scribe.with_cast()
    first, second = scribe.ask_export(cap=100), scribe.ask_export(cap=7)
    scribe.sign("ada", first, "approve")
    scribe.write("export.intended", {"request": first.id, "list": NEWS})
    other = scribe.ask(
        "ben", "reveal", {}, tenant=ACME, list=NEWS, selection="aa", recipient=PRINTER
    )

    def recent(request: RequestFacts) -> int:
        return gather_circumstances(
            scribe.registry, request, signed_at=None, now=scribe.now
        ).recent_rows

    assert recent(second) == 100
    assert recent(first) == 0, "its own are charged already"
    assert recent(other) == 0


def test_it_is_known_whether_an_owner_would_go_and_a_ceiling_rise() -> None:
    scribe = Scribe.with_cast()

    def about(action: str, **subject: str) -> tuple[bool, bool]:
        request = scribe.ask("ada", action, subject, tenant=ACME)
        found = gather_circumstances(
            scribe.registry, request, signed_at=None, now=scribe.now
        )
        return found.about_owner, found.loosens

    assert about("person.revoke", id=meet("amir").person) == (True, False)
    assert about("person.revoke", id=meet("ben").person) == (False, False)
    everybody = {"measure": "reveals", "who": "everybody"}
    assert about("budget.set", ceiling="5", **everybody) == (False, False)
    scribe.carry_out("budget.set", scribe.registry.requests[last(scribe)])  # type: ignore[arg-type]
    assert about("budget.set", ceiling="6", **everybody) == (False, True)


def last(scribe: Scribe) -> str:
    return list(scribe.registry.requests)[-1]


def test_only_copies_of_keys_are_early_and_only_for_a_day() -> None:
    scribe = Scribe.begin()

    def is_early(action: str, about: dict[str, str]) -> bool:
        request = RequestFacts(id="r_1", terms=scribe.terms(action, about))
        return gather_circumstances(
            scribe.registry, request, signed_at=None, now=scribe.now
        ).early

    named = {"people": "p_one"}
    assert is_early("keys.backup", named)
    assert not is_early("freeze", {"classes": "export+reveal"})
    scribe.now += timedelta(days=1)
    assert not is_early("keys.backup", named)
    assert is_early("keys.backup", {"holders": ""}), "of before there was a wait"
