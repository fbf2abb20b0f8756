"""Somebody edits the dock's tables by hand, each in each way, and no address leaves.

The dock has no authority to give away; what could be had of it is rows the keeper
would open in an honest export, and what contacts are told. A new table needs a line in
``WORTH`` and rows in ``plot``. After each edit everybody tries all they can.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pyrage
import pytest
from django.db import DatabaseError
from msgspec.structs import replace as with_facts

from listkeep.core.errors import ListkeepError, UnavailableError
from listkeep.core.registry.incidents import IncidentKind
from listkeep.dock.intake.sign_ups.models import SignUp
from listkeep.dock.outlet.merging.models import MailMerge
from listkeep.dock.outlet.models import MailPeer
from listkeep.dock.outlet.returns.models import Returned
from listkeep.dock.project.start import verify_version
from listkeep.dock.watch import jobs as watch
from listkeep.dock.watch import scrubbing
from listkeep.dock.watch.incidents import open_incident
from listkeep.dock.watch.models import ScrubPass
from listkeep.dock.watch.runner import Worker
from listkeep.dock.watch.services import deliver, follow_notices
from listkeep.dock.watch.sweeps import Work
from listkeep.wire.base import encode
from listkeep.wire.messages import RowBatch, Suppressed
from listkeep.wire.messages.scrubs import ScrubRows
from listkeep.wire.messages.sends import ReportReturned, ReturnedCounts
from listkeep.wire.messages.suppressions import Readmit
from tests.dock.conftest import Api, token_text
from tests.dock.interrupted_renewal import renew
from tests.dock.taking_back import begin
from tests.dock.tampering import MailRoom, moves_in, open_mail_room
from tests.dock.ways import NOON, Ears
from tests.fakes.keeper import FakeKeeper
from tests.tamper import Table, by_turns, read_table, table_names, write_table

WORTH = {
    "delivery": "to tell somebody outside what others are told, in words of one's own",
    "django_migrations": "older code on a newer database",
    "entry": "a row outside the selection, of another list, or taken out before",
    "change": "a history that did not happen",
    "export_run": "somebody else's copy",
    "notice": "to have told what never happened",
    "incident": "to have an alarm shown as over, or to whom it does not concern",
    "incident_line": "an alarm without its story",
    "import": "to go on with somebody else's import",
    "mail_delivery": "a message to who was left out, or to somebody else",
    "mail_merge": "to send to a list that nobody granted it for",
    "mail_peer": "to have a mail server believed that says it has no TLS",
    "mail_tally": "to have other numbers told of a send than there are",
    "mail_trigger_tally": "to have another trigger told than the one that set it off",
    "mail_template": "words of one's own in mail that others signed for",
    "pace": "to have strangers' sign-ups, or what comes back, counted as fewer",
    "past_entry": "a row that was replaced, of another list, or out of the selection",
    "rejected_line": "what stood in a file",
    "renewal": "rows left behind when their key goes",
    "restore": "to go on with a way back that somebody else began",
    "returned": "to have people suppressed who were sent nothing",
    "returned_count": "to have what comes back passed over",
    "returned_feed": "to have somebody else's outcomes told to one's own webhook",
    "scrub_pass": "rows that nobody looks over",
    "sign_up": "to have somebody mailed or let back who did not ask for it",
    "sign_up_knocks": "how many links to confirm were followed, and no more",
    "soft_bounces": "to have a mailbox that is full count as gone",
    "sweep_state": "work nobody asked for",
    "watch_cursor": "to have told what was before somebody's time",
    "worker_lease": "a second worker that tells everything once more",
}
ONE_ROW = {"sign_up_knocks", "worker_lease"}
# What a table gives away by its nature, and nothing else: that a mail server offered
# TLS is remembered here alone. Routes that people signed with a demand for TLS do not
# ask; of the others whoever writes here and sits on the wire gets what it was before.
KNOWN = {"mail_peer": r"mail to [a-z.]+ may go in the clear"}
DAY = timedelta(days=1)
EPOCH = "1970-01-01T00:00:00Z"
PEOPLE = {
    "news": ("anna", "bert", "carl", "dora"),
    "theirs": ("fred", "gina"),
}


@dataclass
class Plot:
    """Two tenants' lists, a copy that was made, and grants for more."""

    keeper: FakeKeeper
    callers: dict[str, Api]
    grants: dict[str, str]
    run: str
    ears: Ears
    mail: MailRoom
    before: dict[str, Table]
    after: dict[str, Table]


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scrubbing, "_PAUSE_SECONDS", 0)


@pytest.fixture
def mail(
    keeper: FakeKeeper, ada: Api, eve: Api, monkeypatch: pytest.MonkeyPatch
) -> MailRoom:
    return open_mail_room(keeper, {"news": ada, "theirs": eve}, monkeypatch)


@pytest.fixture
def plot(keeper: FakeKeeper, ada: Api, ben: Api, eve: Api, mail: MailRoom) -> Plot:
    lists = {"news": fill(ada, "news"), "theirs": fill(eve, "theirs")}
    news, theirs = lists.values()
    grants = {
        "news": keeper.grant_export(news, selection='plan = "pro"', cap=10),
        "theirs": keeper.grant_export(theirs, selection="all", cap=10),
    }
    for owner, list_id in ((ada, news), (eve, theirs)):
        assert begin(owner, list_id, EPOCH).status == 201
        owner.begin_import(list_id)
    # One that will be used up, and one each that waits.
    run = str(ben.post("/exports", body(grants["news"])).json["id"])
    assert eve.post("/exports", body(grants["theirs"])).status == 201
    keeper.add_contact("desk", "desk@acme.example")
    keeper.add_contact("theirs", "desk@other.example", tenant="other")
    for tenant in ("acme", "other", "acme"):
        keeper.tell(tenant=tenant)
    mail.begin(lists)
    sweep(mail, ears := Ears(), NOON)
    mail.hear_back(NOON)
    begin_renewal(keeper)
    look_over(keeper, news, theirs)
    before = {name: read_table(name) for name in table_names()}
    renew(keeper)
    keeper.tell("request.approved", severity="alarm")
    keeper.tell("request.approved", tenant="other")
    sweep(mail, ears, NOON + DAY)
    keeper.tell("request.denied")
    follow_notices(keeper=keeper, now=NOON + DAY)  # and nobody was told yet
    find_something(keeper, news, NOON + 3 * DAY)
    for list_id in (news, theirs):
        begin_pass(keeper, list_id)
    ScrubPass.objects.filter(list_id=news).update(doubted_at=NOON)
    for who in ("bert", "dora"):
        path = f"/lists/{news}/entries/{token_text(keeper, f'{who}@example.com')}"
        assert ada.patch(path, {"status": "unsubscribed"}).status == 200
    assert ada.fill(news, "anna@example.com,pro,FR,Anna", "nobody,pro,DE,nobody")
    assert ben.post("/exports", body(grants["news"])).status == 201
    assert begin(ben, news, EPOCH).status == 201
    mail.go_on(NOON + DAY)
    after = {name: read_table(name) for name in table_names()}
    callers = {"ada": ada, "ben": ben, "eve": eve}
    return Plot(keeper, callers, grants, run, ears, mail, before, after)


def fill(owner: Api, name: str) -> str:
    """Open a list and fill it with its people, and two lines that are nobody."""
    list_id = owner.open_list(name)
    plans = ("pro", "pro", "free", "free")
    lines = [
        f"{person}@example.com,{plan},DE,{person}"
        for person, plan in zip(PEOPLE[name], plans, strict=False)
    ]
    owner.fill(list_id, *lines, "no address,pro,DE,nobody", "none,pro,DE,none")
    return list_id


def begin_renewal(keeper: FakeKeeper) -> None:
    """Begin to renew the keys of the lists, and do not get far."""
    keeper.now += 30 * DAY
    keeper.break_at("renew_rows", UnavailableError("the keeper is away"))
    with suppress(UnavailableError):
        renew(keeper)
    keeper.mend()


def look_over(keeper: FakeKeeper, *lists: str) -> None:
    """Begin a pass over each list, and find something wrong with it."""
    for list_id in lists:
        find_something(keeper, list_id, NOON)
        begin_pass(keeper, list_id)


def find_something(keeper: FakeKeeper, list_id: str, now: datetime) -> None:
    kind = IncidentKind.ROWS_INVALID
    open_incident(kind, keeper=keeper, list_id=list_id, found=2, now=now)


def begin_pass(keeper: FakeKeeper, list_id: str) -> None:
    nothing = RowBatch(tokens=b"", batch_ids=b"", positions=[], sealed=[], facets=[])
    answer = keeper.scrub_rows(
        ScrubRows(list=list_id, rows=nothing, subscribed=b"", begins=True)
    )
    assert answer.bookmark
    ScrubPass.objects.update_or_create(
        list_id=list_id, defaults={"bookmark": encode(answer.bookmark)}
    )


def body(request: str) -> dict[str, str]:
    return {"request": request, "format": "csv"}


def powers(plot: Plot) -> set[str]:
    """Let everybody take what they can, and tell which addresses left."""
    found: set[str] = set()
    suppressed = plot.mail.suppressions()
    with suppress(ListkeepError):
        verify_version()  # or the dock does not start on this
        with suppress(ListkeepError, DatabaseError):
            renew(plot.keeper)
        for name in plot.callers:
            found.update(exported(plot, name))
            found.update(misled(plot, name))
            found.update(plot.mail.read_by(name, plot.callers[name]))
    sweep(plot.mail, plot.ears, NOON + 2 * DAY)
    return found | plot.ears.heard | plot.mail.outbox.heard | set(suppressed())


def sweep(mail: MailRoom, ears: Ears, now: datetime) -> None:
    """Let a worker do all that is due, as the rows say."""
    mail.keeper.opens_left = 1_000
    tell = next(each for each in watch.SWEEPS if each.name == "deliver")
    sweeps = [
        replace(each, run=lambda work: _tell(work, ears)) if each is tell else each
        for each in (*watch.SWEEPS, *mail.sweeps)
    ]
    worker = Worker(sweeps, keeper=lambda: mail.keeper, clock=lambda: now, holder="one")
    with suppress(DatabaseError, ValueError):
        worker.tick()


def _tell(work: Work, ears: Ears) -> int:
    return deliver(
        keeper=work.keeper, channels=ears, clock=work.clock, keep_on=work.keep_on
    )


def exported(plot: Plot, name: str) -> Iterator[str]:
    caller = plot.callers[name]
    for label, request in plot.grants.items():
        plot.keeper.seen.clear()
        answer = caller.post("/exports", body(request))
        yield from lent(plot, caller, name)
        if answer.status == 201:
            file = caller.get(f"/exports/{answer.json['id']}/file").content
            for address in read(plot, file):
                yield f"{name} takes {address} under the grant for {label}"
    earlier = caller.get(f"/exports/{plot.run}/file")
    if earlier.status == 200 and name != "eve":  # to her it is noise
        for address in read(plot, earlier.content):
            yield f"{name} fetches {address}"


def misled(plot: Plot, name: str) -> Iterator[str]:
    """Tell what a person is shown of incidents that the keeper does not say."""
    caller = plot.callers[name]
    answer = caller.get("/incidents")
    shown = answer.json["incidents"] if answer.status == 200 else []
    tenant = "other" if name == "eve" else "acme"
    for each in shown:
        known = plot.keeper.incidents.get(each["id"])
        if known is None or known.tenant != tenant:
            yield f"{name} is shown an incident that is not theirs"
        elif (each["state"] == "closed") != bool(known.closed_at):
            yield f"{name} is shown an alarm as over"


def lent(plot: Plot, caller: Api, name: str) -> Iterator[str]:
    """Tell whose name was used before the keeper, if not the caller's own."""
    for message in plot.keeper.seen:
        used = getattr(message, "caller", None)
        if used is not None and used != caller.caller:
            yield f"{name} speaks as somebody else"


def read(plot: Plot, file: bytes) -> list[str]:
    text = pyrage.decrypt(file, [plot.keeper.identity]).decode()
    people = [person for names in PEOPLE.values() for person in names]
    return [f"{person}@example.com" for person in people if person in text]


def restore(plot: Plot) -> None:
    for table in plot.after.values():
        write_table(table, table.rows)
    plot.mail.again()


def is_known(name: str, power: str) -> bool:
    return bool(re.fullmatch(KNOWN.get(name, "(?!)"), power))


@pytest.mark.parametrize("name", WORTH)
def test_nobody_gains_anything(plot: Plot, name: str) -> None:
    honest = powers(plot)
    gained = {}
    table = plot.after[name]
    for what, change in (*by_turns(table), *moves_in(table)):
        restore(plot)
        try:
            write_table(table, change(table, plot.before[name]))
        except DatabaseError:
            continue  # the table itself does not take it
        more = powers(plot) - honest
        if more := {each for each in more if not is_known(name, each)}:
            gained[what] = more
    restore(plot)  # other tests know this table too

    assert gained == {}


def test_each_table_there_is_is_tried_and_has_something_in_it(plot: Plot) -> None:
    assert set(table_names()) == set(WORTH)
    for name in WORTH:
        assert len(plot.after[name].rows) > (name not in ONE_ROW), name
        changed = plot.before[name].rows != plot.after[name].rows
        assert changed or name == "django_migrations", name


def test_what_is_there_was_worth_having(plot: Plot) -> None:
    could = powers(plot)

    assert "ben takes anna@example.com under the grant for news" in could
    assert "ben fetches bert@example.com" in could  # it was made before
    assert "eve takes gina@example.com under the grant for theirs" in could
    assert "desk@acme.example reads of a day of acme" in could
    told = sorted(power.split(" m_")[0] for power in could if " reads m_" in power)
    assert told == 4 * ["desk@acme.example reads"] + 2 * ["desk@other.example reads"]
    assert not [power for power in could if "carl" in power or "dora" in power]
    assert "anna@example.com is sent 'Summer at acme' for acme" in could
    assert "quin@other.example is sent 'Confirm your subscription' for other" in could
    hooks = {power.split(" to l")[0] for power in could if "is told what" in power}
    assert hooks == {
        f"{each.hook} is told what came back" for each in plot.mail.tenants
    }
    assert "ada reads what came back to acme" in could
    gina = plot.keeper.token_of("other", "gina@example.com")
    assert gina in plot.keeper.suppressed[plot.mail.tenants[1].list_id]
    never = ("Winter", " clear", "are suppressed", "come back to")
    assert not [power for power in could if any(word in power for word in never)]
    assert "ben takes bert@example.com under the grant for news" not in could
    assert not [power for power in could if "eve takes anna" in power]


def test_a_hand_that_could_do_something_would_be_seen(plot: Plot) -> None:
    honest = powers(plot)
    plot.grants["more"] = plot.keeper.grant_export(
        next(iter(plot.keeper.lists)), selection="all", cap=10
    )

    assert "ben takes carl@example.com under the grant for more" in (
        powers(plot) - honest
    )


def test_mail_and_suppressions_of_others_would_be_seen(
    plot: Plot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a keeper would allow them that looks at nothing, with rows by a hand."""
    honest, keeper = powers(plot), plot.keeper
    restore(plot)
    news = plot.mail.tenants[0].list_id
    for request, send in keeper.sends.items():
        keeper.sends[request] = with_facts(send, selection="all")

    def believe(message: ReportReturned) -> ReturnedCounts:
        keeper.suppressed[news].update(item.token for item in message.items)
        return ReturnedCounts(suppressed=1, known=0, counted=0, unknown=0, held=0)

    def let_back(message: Readmit) -> Suppressed:
        keeper.suppressed[news].discard(message.token)
        return Suppressed(changed=1)

    monkeypatch.setattr(keeper, "report_returned", believe)
    monkeypatch.setattr(keeper, "readmit", let_back)
    MailMerge.objects.filter(list_id=news).update(cursor=b"", is_through=False)
    waiting = Returned.objects.filter(list_id=news, state=Returned.State.WAITING)
    waiting.update(token=bytes(16))
    dora = keeper.token_of("acme", "dora@example.com")
    SignUp.objects.filter(state=SignUp.State.CONFIRMED, list_id=news).update(token=dora)
    MailPeer.objects.all().delete()

    assert powers(plot) - honest >= {
        "carl@example.com is sent 'Summer at acme' for acme",
        "2 whom acme sent nothing are suppressed",  # one of the other's
        "1 come back to acme who did not ask to",
        "mail to new.acme.example may go in the clear",
    }
