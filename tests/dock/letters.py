"""A template to try with, and what people are told of one when they sign."""

from email.message import EmailMessage

from listkeep.core.mail import Kind, parse_template

SENDER = "News <news@example.com>"
SUBJECT = "Hi [[first_name:sealed|you]]"
TEXT = (
    "Dear [[first_name:sealed|reader]],\n\nyou have [[points:number]] points.\n"
    "https://shop.example.com/u/[[alias]]\n"
)
HTML = (
    "<html><body><p>Dear [[first_name:sealed|reader]], you have [[points:number]]"
    ' points.</p><a href="https://shop.example.com/u/[[alias]]">Go</a></body></html>'
)


def eml(text: str = TEXT, html: str = HTML, **fields: str) -> bytes:
    """Write a template as a mail program saves it."""
    made = EmailMessage()
    fields = {"From": SENDER, "Subject": SUBJECT, **fields}
    for name, value in fields.items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    made.add_alternative(html, subtype="html")
    made.set_boundary("=_letters")
    return bytes(made)


def subject_of(template: bytes, **facts: str) -> dict[str, str]:
    """Write the subject of a send of one template, as people sign it."""
    read = parse_template(template)
    sealed = {s.name for s in read.slots.values() if s.kind is Kind.SEALED}
    return {
        "kind": "campaign",
        "templates": read.digest,
        "from": SENDER,
        "reply_to": "",
        "title": read.subject_text,
        "links": " ".join(read.link_domains),
        "tracking": " ".join(read.tracking_domains),
        "fields": " ".join(sorted(sealed)),
        "pace": "0",
        "mail_domain": "bounce.example.com",
        **facts,
    }
