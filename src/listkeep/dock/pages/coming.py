"""The way in and out, and the one file of looks."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from listkeep.dock.lists.keeper import get_keeper, service_id
from listkeep.looks.coming import Coming

from .answers import answers
from .assets import stylesheet
from .doors import doors


@require_safe
def serve(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - one for all
    """Answer with the one file of looks there is."""
    return answers.give_asset(stylesheet())


def _client() -> str:
    return service_id(settings.LISTKEEP_SERVICE_KEY_FILE)


urlpatterns = Coming(doors, answers, client=_client, keeper=get_keeper).urls
