"""What people outside have: a link to leave, a link to confirm; and what came of it."""

from dataclasses import dataclass

from listkeep.dock.intake.sign_ups.models import SignUp
from listkeep.dock.outlet.returns.book import forget_book
from listkeep.dock.outlet.returns.models import Returned
from tests.dock.conftest import Api
from tests.dock.sign_ups.conftest import Post, ask, mail
from tests.fakes.keeper import FakeKeeper

LEAVE = {"List-Unsubscribe": "One-Click"}
CONFIRM = {"confirm": "yes"}


@dataclass(frozen=True)
class Links:
    """The links of one person, who was asked whether a sign-up is meant."""

    leave: str
    confirm: str


def make_links(keeper: FakeKeeper, list_id: str, address: str) -> Links:
    """Sign somebody up, and take the links out of the message that asks."""
    forget_book()
    request = keeper.grant_send(
        list_id, kind="standing", triggers=("sign-up",), selection="all"
    )
    keeper.started.add(request)
    post = Post(keeper.sends[request])
    assert ask(Api(keeper.add_service("intake", "acme")), address).status == 202
    mail(keeper, post)
    [confirm] = post.links.values()
    return Links(confirm.replace("/c/", "/u/", 1), confirm)


def make_form(intake: Api, **said: object) -> str:
    """Make a form for the list; gives its id."""
    body = {"title": "News of acme", "text": "", "fields": {}, "origins": [], **said}
    answer = intake.post("/lists/news/forms", body)
    assert answer.status == 201, answer.content
    return str(answer.json["id"])


def noted() -> int:
    """Count what was written down of people who left or confirmed."""
    confirmed = SignUp.objects.filter(state=SignUp.State.CONFIRMED)
    return Returned.objects.count() + confirmed.count()


def forget_noted() -> None:
    """Let the same button do something again."""
    Returned.objects.all().delete()
    SignUp.objects.update(state=SignUp.State.MAILED)
