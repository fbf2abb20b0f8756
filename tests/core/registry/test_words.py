import hashlib
import re

import pytest

from listkeep.core.registry.words import _word, six_words

WORD = re.compile("[bdfghjklmnprstvz][aiou][bdfghjklmnprstvz][aiou][bdfghjklmnprstvz]")


@pytest.mark.parametrize(
    ("address", "words"),
    [  # the examples of arXiv 0901.4016, section 4
        ("127.0.0.1", "lusab-babad"),
        ("63.84.220.193", "gutih-tugad"),
        ("63.118.7.35", "gutuk-bisog"),
        ("140.98.193.141", "mudof-sakat"),
        ("64.255.6.200", "haguz-biram"),
        ("128.30.52.45", "mabiv-gibot"),
        ("147.67.119.2", "natag-lisaf"),
        ("212.58.253.68", "tibup-zujah"),
        ("216.35.68.215", "tobog-higil"),
        ("216.68.232.21", "todah-vobij"),
        ("198.81.129.136", "sinid-makam"),
        ("12.110.110.204", "budov-kuras"),
    ],
)
def test_words_are_proquints(address: str, words: str) -> None:
    first, second, third, fourth = map(int, address.split("."))

    assert f"{_word(first << 8 | second)}-{_word(third << 8 | fourth)}" == words


def test_every_word_is_another_one() -> None:
    words = {_word(bits) for bits in range(1 << 16)}

    assert len(words) == 1 << 16
    assert all(WORD.fullmatch(word) for word in words)


def test_a_text_has_the_words_of_the_first_twelve_bytes_of_its_digest() -> None:
    words = six_words("hardware:AAAA:BBBB")
    digest = hashlib.sha256(b"hardware:AAAA:BBBB").digest()

    assert words.split(" ") == [
        _word(digest[place] << 8 | digest[place + 1]) for place in range(0, 12, 2)
    ]
    assert words != six_words("hardware:AAAA:BBBC")
