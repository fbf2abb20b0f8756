"""Transcripts: what is typed and what is answered, as people would see it.

    $ listkeep count news            a command
    562                              a line on stdout
    ! listkeep: hint: …              a line on stderr
    [exit 3]                         how it ended, if not well

``<kind>`` stands for something of a kind, ``<kind:name>`` also remembers it: the same
name later stands for the very same text, in commands as ``{name}``. ``...`` stands
for any lines of its stream. Two spaces or more stand for as many as there are.
Lines that begin with ``#`` tell the story.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

KINDS = {
    "request": r"r_[a-z2-7]{12}",
    "id": r"[a-z]_[a-z2-7]{12}",
    "token": r"[a-z2-7]{26}",
    "time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
    "minute": r"\d{4}-\d\d-\d\d \d\d:\d\d",
    "hex": r"[0-9a-f]{32,64}",
    "age": r"age1[a-z0-9]{58}",
    "key": r"lkk_s_[a-z2-7]{12}_[\w-]{43}",
    "number": r"[\d,]+",
    "link": r"http://seal\.localhost:\d+/enrol#e_[a-z2-7]{12}\.[\w-]{43}",
    "words": r"(?:[a-z]{5} ){5}[a-z]{5}",
    "any": r".*",
}
_PLACE = re.compile(r"<([a-z]+)(?::([a-z]+))?>")


@dataclass
class Step:
    """One command and what has to come of it."""

    line: int
    command: str
    stdout: list[str] = field(default_factory=list)
    stderr: list[str] = field(default_factory=list)
    status: int = 0


def read_steps(path: Path) -> Iterator[Step]:
    step: Step | None = None
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        if line.startswith("$ "):
            if step:
                yield step
            step = Step(number, line[2:])
        elif step is None or line.startswith("#") or not line:
            continue
        elif line.startswith("! "):
            step.stderr.append(line[2:])
        elif ended := re.fullmatch(r"\[exit (\d+)\]", line):
            step.status = int(ended[1])
        else:
            step.stdout.append(line)
    if step:
        yield step


def matches(expected: list[str], text: str, names: dict[str, str]) -> bool:
    """Compare a stream with its pattern; remember what was named."""
    parts, seen = [], set[str]()
    for line in expected:
        if line == "...":
            parts.append(r"(?:.*\n)*?")
        else:
            parts.append(_pattern(line, names, seen) + r"\n")
    found = re.fullmatch("".join(parts), text)
    if found:
        names.update({k: v for k, v in found.groupdict().items() if v})
    return found is not None


def _pattern(line: str, names: dict[str, str], seen: set[str]) -> str:
    parts, end = [], 0
    for place in _PLACE.finditer(line):
        kind, name = place[1], place[2]
        if kind not in KINDS:
            continue
        parts.append(_literal(line[end : place.start()]))
        if name in names:
            parts.append(re.escape(names[name]))
        elif name in seen:
            parts.append(f"(?P={name})")
        elif name:
            seen.add(name)
            parts.append(f"(?P<{name}>{KINDS[kind]})")
        else:
            parts.append(f"(?:{KINDS[kind]})")
        end = place.end()
    parts.append(_literal(line[end:]))
    return "".join(parts)


def _literal(text: str) -> str:
    """Match text as it is; how wide a column is does not matter."""
    return re.sub(r"(?:\\ ){2,}", " {2,}", re.escape(text))
