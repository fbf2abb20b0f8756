"""Which elements and attributes a template may use, and why others are refused."""

_ELEMENTS = """
    html head body title style meta a abbr address article aside b big
    blockquote br caption center cite code col colgroup dd del div dl dt em
    figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li
    main nav ol p pre q s samp section small span strike strong sub sup table
    tbody td tfoot th thead tr tt u ul var wbr
"""
ELEMENTS = frozenset(_ELEMENTS.split())
# What Outlook alone reads, inside of conditional comments: boxes around the content,
# and the switches that all builders of mail write for it.
_CONDITIONAL = """
    table tbody tr td div center p br span b style noscript xml
    o:officedocumentsettings o:allowpng o:pixelsperinch
"""
CONDITIONAL = frozenset(_CONDITIONAL.split())
RAW_TEXT = frozenset({"style", "title"})

_ATTRIBUTES = """
    align valign bgcolor border bordercolor cellpadding cellspacing class color
    colspan rowspan dir face height width id lang name role size style target
    title alt summary scope hspace vspace nowrap span start type rel aria-hidden
    aria-label aria-labelledby aria-roledescription xmlns xmlns:v xmlns:o media
    content charset http-equiv clear frame rules abbr leftmargin topmargin
    marginheight marginwidth link vlink alink text
"""
ATTRIBUTES = frozenset(_ATTRIBUTES.split())

_WHY_ELEMENT = {
    "base": "<base> changes where every link leads",
    "form": "a form sends what is typed somewhere else",
    "input": "a form sends what is typed somewhere else",
    "button": "a form sends what is typed somewhere else",
    "script": "a script is run by whoever opens the mail",
    "iframe": "a frame shows another page inside the mail",
    "link": "a style sheet or font from elsewhere is not what was signed",
    "svg": "<svg> is read by other rules than HTML",
    "math": "<math> is read by other rules than HTML",
}
_WHY_ATTRIBUTE = {
    "action": "a form sends what is typed somewhere else",
    "background": "a background image is fetched from elsewhere",
    "formaction": "a form sends what is typed somewhere else",
    "ping": "it tells somebody else about each click",
    "srcset": "one image is enough, in src",
}
SOURCES = {"a": "href", "img": "src"}
"""The one attribute of an element that leads somewhere."""


def why_no_element(name: str) -> str:
    """Say why an element is refused."""
    return _WHY_ELEMENT.get(name, f"<{name}> is not taken")


def why_no_attribute(element: str, name: str) -> str:
    """Say why an attribute is refused, or nothing if it is taken."""
    if name in ATTRIBUTES or SOURCES.get(element) == name:
        return ""
    if name.startswith("on"):
        return "a script is run by whoever opens the mail"
    return _WHY_ATTRIBUTE.get(name, f"the attribute {name} is not taken here")
