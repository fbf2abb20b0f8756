# ruff: noqa: E501 - tables are read across
import pytest

from listkeep.core.mail.faults import Findings
from listkeep.core.mail.markup import Markup, read_markup
from listkeep.core.mail.slots import format_pieces
from tests.core.mail.templates import HTML


def read(html: str) -> tuple[Markup, list[str]]:
    findings = Findings()
    markup = read_markup(html, findings, place="html")
    return markup, [f"{fault.place}: {fault.message}" for fault in findings.faults]


def test_an_ordinary_mail_is_taken_as_it_is() -> None:
    markup, faults = read(HTML)

    assert faults == []
    assert format_pieces(markup.pieces) == HTML
    assert [(link.kind, link.domain, link.bears_alias) for link in markup.links] == [
        ("link", "shop.example.com", True),
        ("image", "track.example.net", True),
        ("link", "example.com", False),
    ]


@pytest.mark.parametrize(
    "html",
    [
        "<P ALIGN=center>a</P>",
        "<td width=600 class='a b' >x</td >",
        "<br/><br /><hr>",
        "a &amp; b & c &copy; 3 > 2",
        "<!-- a comment -->",
        "<!--[if !mso]><!--><div>x</div><!--<![endif]-->",
        "<!--[if !mso]><!-- --><div>x</div><!-- <![endif]-->",
        "<!--[if (gte mso 9)|(IE)]><td><![endif]\n-->",
        "<!--[if mso | IE]><table\n><tr><td><![endif]-->x",
        "<!--[if mso]><noscript><xml><o:AllowPNG/></xml></noscript><![endif]-->",
        "<!--[if mso]><style>td{padding:0}</style><![endif]-->",
        '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://x.example/d">',
        '<meta name="viewport" content="width=device-width">',
        '<meta http-equiv="Content-Type" content="text/html; charset=UTF-8">',
        "<meta http-equiv='X-UA-Compatible' content='IE=edge'>",
        "<img src='cid:logo' alt=\"it's\">",
        '<a href=" https://a.example/ ">x</a>',
        "<td nowrap>x</td>",
        "<style>a{}</style ><title>News</title>",
        "<p>[[points:number]]</p>",
        "<p>[[alias]]</p>",
        "",
    ],
)
def test_what_builders_of_mail_write_is_taken(html: str) -> None:
    assert read(html)[1] == []


@pytest.mark.parametrize(
    ("html", "fault"),
    [
        ("<base href='https://evil.example/'>", "<base> changes where every link leads"),
        ("<script>x</script>", "a script is run by whoever opens the mail"),
        ("<form action='https://evil.example'>", "a form sends what is typed somewhere else"),
        ("<svg><style>", "<svg> is read by other rules than HTML"),
        ("<textarea>", "<textarea> is not taken"),
        ("<p onclick='x'>", "a script is run by whoever opens the mail"),
        ("<p class=a class=b>", "the attribute class stands there twice"),
        ("<td background='https://a.example'>", "a background image is fetched from elsewhere"),
        ("<meta http-equiv=refresh content='0;url=x'>", "<meta http-equiv> leads to another page"),
        ("<meta http-equiv=set-cookie content=x>", "<meta http-equiv> is not taken"),
        ("<meta charset=utf-7>", "<meta> names another charset"),
        ("<meta http-equiv=content-type content='text/html; charset=utf-7'>", "<meta> names another charset"),
        ("<p style='background:url(x)'>", "the style loads from elsewhere"),
        ("<style>@import 'x'</style>", "the style has a rule that is not taken"),
        ("<style>a{}", "<style> does not end before the next <"),
        ("<title>a<b></title>", "<title> does not end before the next <"),
        ("<style><!-- a{} --></style>", "<style> does not end before the next <"),
        ("<a href='javascript:x'>x</a>", "a link or an image whose address is not taken"),
        ("<a href>x</a>", "a link or an image whose address is not taken"),
        ("<a href='?a&copy=1'>x</a>", "an & that programs read in different ways"),
        ("https://a@b.example", "a link or an image whose address is not taken"),
        ("a < b", "a < that begins no tag"),
        ("<3", "a < that begins no tag"),
        ("<p", "a tag that programs read in different ways"),
        ("<p a<b>", "a tag that programs read in different ways"),
        ("<p title='a>b'>", "a tag that programs read in different ways"),
        ("<p title=a/b>", "a tag that programs read in different ways"),
        ("<p title='a'b>", "a tag that programs read in different ways"),
        ("<p/x>", "a tag that programs read in different ways"),
        ("</p class=a>", "a tag that programs read in different ways"),
        ("</p/>", "a tag that programs read in different ways"),
    ],
)  # fmt: skip
def test_what_could_lead_or_be_read_elsewhere_is_refused(html: str, fault: str) -> None:
    assert f"html, line 1: {fault}" in read(html)[1]


@pytest.mark.parametrize(
    "html",
    [
        "<!-- a -- b -->",
        "<!--> <p> -->",
        "<!---->x-->",
        "<!-- <a href='https://a.example'> -->",
        "<!-- x --!><a> -->",
        "<![CDATA[ x ]]>",
        "<![if !mso]><p>",
        "<!doctype svg>",
        "<!--[if mso]><!-- x --><![endif]-->",
        "<!--[if mso]><p><!doctype html></p><![endif]-->",
        "<!",
    ],
)
def test_comments_in_which_something_hides_are_refused(html: str) -> None:
    faults = read(html)[1]

    if html == "<!---->x-->":
        assert faults == []  # an empty comment, and text
    else:
        assert any("read in different ways" in fault for fault in faults)


@pytest.mark.parametrize(
    "inner",
    [
        "<a href='https://evil.example/'>x</a>",
        "<img src='https://evil.example/'>",
        "<v:rect href='https://evil.example/'>",
        "<script>x</script>",
    ],
)
def test_conditional_comments_hold_boxes_only(inner: str) -> None:
    assert read(f"\n<!--[if mso]>\n{inner}<![endif]-->")[1]


def test_a_fault_in_a_conditional_comment_has_its_line() -> None:
    assert read("\n<!--[if mso]>\n<form><![endif]-->")[1] == [
        "html, line 3: a form sends what is typed somewhere else"
    ]


@pytest.mark.parametrize(
    "html",
    [
        "<a href='https://a.example/[[points:number]]'>x</a>",
        "<a href='[[alias]]'>x</a>",
        "<a href='https://[[alias]].a.example/'>x</a>",
        "<p title='[[points:number]]'>x</p>",
        "<p title='[[alias]]'>x</p>",
        "<p class=[[alias]]>x</p>",
        "<p style='color:[[a:text]]'>x</p>",
        "<style>a{color:[[a:text]]}</style>",
        "<title>[[a:text]]</title>",
        "<!-- [[a:text]] -->",
        "<!--[if mso]><td>[[a:text]]</td><![endif]-->",
        "<[[a:text]]>",
        "</p [[a:text]]>",
        "<img src='cid:[[alias]]'>",
    ],
)
def test_a_slot_stands_in_text_or_as_alias_in_a_link_and_nowhere_else(
    html: str,
) -> None:
    assert read(html)[1]


def test_links_in_text_count_as_links() -> None:
    markup, faults = read("<p>see https://a.example/x&amp;y and www.b.example</p>")

    assert faults == []
    assert [link.domain for link in markup.links] == ["a.example", "www.b.example"]
