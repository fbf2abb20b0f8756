"""Answers to browsers: a page, or the way to another one."""

from django.conf import settings

from listkeep.looks.answers import Answers

from .assets import stylesheet
from .headers import headers


def _shared() -> dict[str, str]:
    return {
        "looks": stylesheet().integrity,
        "app_origin": settings.LISTKEEP_APP_ORIGIN,
    }


answers = Answers("drop", headers=headers, shared=_shared)
show, go_to = answers.show, answers.go_to
