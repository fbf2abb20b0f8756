"""Templates to try with, of nobody in particular."""

from listkeep.core.mail import Draft, Fault, Template, TemplateError, make_template

HTML = """<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>News</title>
<style>@media (max-width:600px) { .c { width: 100% !important } }</style>
</head><body style="margin:0">
<!--[if mso]><table border="0"><tr><td><![endif]-->
<p>Dear [[first_name:sealed|reader]], you have [[points:number]] points.</p>
<a href="https://shop.example.com/offer?a=1&amp;b=[[alias]]">To the offer</a>
<img src="https://track.example.net/o/[[alias]]" width="1" height="1" alt="">
<a href="mailto:help@example.com">Help</a>
</body></html>
"""
TEXT = """Dear [[first_name:sealed|reader]],

you have [[points:number]] points until [[until:date]].
[[greeting:text|See you]]
https://shop.example.com/u/[[alias]]
"""
SENDER = "News <news@example.com>"
SUBJECT = "For [[first_name:sealed|you]]: [[points:number]] points"
ALIAS = "abcdefgh" * 4


def draft(
    html: str = HTML,
    text: str = TEXT,
    *,
    sender: str = SENDER,
    subject: str = SUBJECT,
    reply_to: str = "",
    to_name: str = "",
) -> Draft:
    return Draft(html, text, sender, subject, reply_to, to_name)


def template(html: str = HTML, text: str = TEXT, **fields: str) -> Template:
    return make_template(draft(html, text, **fields))


def faults_of(html: str = HTML, text: str = TEXT, **fields: str) -> tuple[Fault, ...]:
    """Say why a template is refused; nothing if it is not."""
    try:
        template(html, text, **fields)
    except TemplateError as error:
        return error.faults
    return ()


def body(text: str) -> str:
    return f"<html><body><p>{text}</p></body></html>"
