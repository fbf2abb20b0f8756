# ruff: noqa: E501 - tables are read across
import pytest

from listkeep.core.mail.styles import faults_in_style


@pytest.mark.parametrize(
    "css",
    [
        "margin:0; font-family:Arial,sans-serif",
        "/* wide */ @media only screen and (min-width:480px){ .a{width:50%!important} }",
        "mso-table-lspace:0pt; -ms-interpolation-mode:bicubic",
        "",
    ],
)
def test_styles_that_only_style_are_taken(css: str) -> None:
    assert faults_in_style(css) == []


@pytest.mark.parametrize(
    "css",
    [
        "background:url(https://evil.example/x)",
        "background:URL (x)",
        "background:u/**/rl(x)",
        "background:image-set('x' 1x)",
        "background: image('x')",
        "@import 'x'",
        "@/**/import 'x'",
        "@font-face{}",
        "width:expression(alert(1))",
        "behavior: x",
        "-moz-binding: x",
        "background:\\75rl(x)",
        "a{}</style><script>",
        "`",
        "/* open",
    ],
)
def test_styles_that_fetch_or_run_or_hide_are_refused(css: str) -> None:
    assert faults_in_style(css)
