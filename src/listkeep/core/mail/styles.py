"""Refuse in style sheets whatever fetches, runs, or can be spelled in two ways."""

import re

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_REFUSED = {
    "loads from elsewhere": re.compile(
        r"url\s*\(|image-set|(?<![\w-])(?:src|image|element|cross-fade)\s*\(",
        re.IGNORECASE,
    ),
    "runs code in some clients": re.compile(
        r"expression\s*\(|behaviou?r\s*:|-moz-binding|javascript", re.IGNORECASE
    ),
    "has an escape or a sign that is read in two ways": re.compile(r"[\\<\x00`]"),
    "has a rule that is not taken": re.compile(
        r"@(?!media\b|-ms-viewport\b|viewport\b|supports\b|page\b|(?:-webkit-|-moz-)?keyframes\b)",
        re.IGNORECASE,
    ),
}


def faults_in_style(css: str) -> list[str]:
    """Say what is wrong with a style sheet or a style attribute."""
    bare = _COMMENT.sub("", css)
    spaced = _COMMENT.sub(" ", css)
    faults = [
        words
        for words, pattern in _REFUSED.items()
        if any(pattern.search(text) for text in (css, bare, spaced))
    ]
    if "/*" in bare:
        faults.append("has a comment that does not end")
    return faults
