"""Six words that two people can compare by voice, for keys they cannot read aloud.

Proquints (D. S. Wilkerson, "A Proposal for Proquints: Identifiers that are Readable,
Spellable, and Pronounceable", arXiv 0901.4016): 16 bits are one word of consonant,
vowel, consonant, vowel, consonant. Six of them are 96 bits of SHA-256.
"""

import hashlib

_CONSONANTS = "bdfghjklmnprstvz"  # 4 bits each
_VOWELS = "aiou"  # 2 bits each
_WORDS = 6


def six_words(text: str) -> str:
    """Name a text, such as the line of somebody's passkeys, by six words.

    Whoever wants other keys to have the same words tries some 2**96 of them.
    """
    digest = hashlib.sha256(text.encode()).digest()
    return " ".join(
        _word(int.from_bytes(digest[2 * place : 2 * place + 2], "big"))
        for place in range(_WORDS)
    )


def _word(bits: int) -> str:
    return (
        _CONSONANTS[bits >> 12]
        + _VOWELS[bits >> 10 & 3]
        + _CONSONANTS[bits >> 6 & 15]
        + _VOWELS[bits >> 4 & 3]
        + _CONSONANTS[bits & 15]
    )
