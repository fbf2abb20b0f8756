"""Answers to browsers: a page, a part of one, a table, or the way to another page."""

from typing import Any

from django.conf import settings

from listkeep.looks.answers import Answers

from .assets import assets
from .headers import headers


def _shared() -> dict[str, Any]:
    return {
        "files": {
            name.replace(".", "_").replace("-", "_"): each.integrity
            for name, each in assets().items()
        },
        "seal_origin": settings.LISTKEEP_SEAL_ORIGIN,
        "drop_origin": settings.LISTKEEP_DROP_ORIGIN,
    }


answers = Answers("desk", headers=headers, shared=_shared)
show, go_to, give_csv = answers.show, answers.go_to, answers.give_csv
