"""Answers to browsers: a page, or the way to another one."""

from listkeep.looks.answers import Answers

from .assets import stylesheet
from .headers import headers

answers = Answers(
    "drop", headers=headers, shared=lambda: {"looks": stylesheet().integrity}
)
show, go_to = answers.show, answers.go_to
