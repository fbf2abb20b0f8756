"""What is read off a page: moments, and who changed a list."""

from listkeep.console.desk.templatetags.words import dated, named


def test_moments_in_a_sentence_are_the_readers() -> None:
    text = dated("r_aaaaaaaaaaaa of 2026-01-05T12:00:00Z, <b>")

    assert text.startswith('r_aaaaaaaaaaaa of <time datetime="2026-01-05T12:00:00Z"')
    assert "2026-01-05 12:00 UTC</time>, &lt;b&gt;" in text


def test_what_changed_a_list_by_itself_is_called_by_words() -> None:
    names = {"p_aaaaaaaaaaaa": "ben"}

    assert named("returned", names) == "mail that came back"
    assert named("p_aaaaaaaaaaaa", names) == "ben"
    assert named("p_bbbbbbbbbbbb", names) == "a colleague"
