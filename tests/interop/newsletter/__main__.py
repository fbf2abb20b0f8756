"""``subscribe FILE`` takes a file of subscribers, ``send REQUEST`` writes to all."""

import csv
import json
import os
import smtplib
import sys
from pathlib import Path

import django
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.core.management import call_command
from django.template.loader import render_to_string

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.interop.newsletter.settings"
django.setup()

from tests.interop.newsletter.models import Letter, Subscriber  # noqa: E402

_TRIES = 3


def subscribe(file: str) -> None:
    """Read a file of subscribers, as ``listkeep tokens --as csv`` writes it."""
    call_command("migrate", run_syncdb=True, verbosity=0)
    with Path(file).open(newline="") as lines:
        for number, row in enumerate(csv.DictReader(lines)):
            Subscriber.objects.create(email=row["email"], points=number * 100)


def send(request: str, more: str) -> None:
    """Write to everybody, and again to those for whom it was too early."""
    Letter.objects.all().delete()
    for subscriber in Subscriber.objects.all():
        Letter.objects.create(subscriber=subscriber)
    for _ in range(_TRIES):
        with get_connection("tests.interop.newsletter.mail.LoudBackend") as way:
            for letter in Letter.objects.filter(is_sent=False, is_over=False):
                post(letter, request, more, way)
    done = {
        "sent": Letter.objects.filter(is_sent=True).count(),
        "over": Letter.objects.filter(is_over=True).count(),
        "said": list(Letter.objects.values_list("said", flat=True)),
    }
    sys.stdout.write(json.dumps(done))


def post(letter: Letter, request: str, more: str, way: BaseEmailBackend) -> None:
    """Hand one letter over, and note what became of it."""
    context = {"points": letter.subscriber.points}
    message = EmailMultiAlternatives(
        "Hi [[first_name:sealed|you]]",
        render_to_string("welcome.txt", context) + more,
        "News <news@example.com>",
        [letter.subscriber.email],
        headers={"X-Listkeep-Send": request, "X-Campaign": "welcome"},
        connection=way,
    )
    message.attach_alternative(render_to_string("welcome.html", context), "text/html")
    try:
        message.send()
    except smtplib.SMTPResponseException as error:
        letter.said = f"{error.smtp_code} {error.smtp_error!r}"
        letter.is_over = error.smtp_code >= 500
    else:
        letter.is_sent = True
    letter.save()


match sys.argv[1:]:
    case ["subscribe", file]:
        subscribe(file)
    case ["send", request]:
        send(request, "")
    case ["send", request, more]:
        send(request, more)
