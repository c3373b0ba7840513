"""What an office's definitions lack beside those that come with the program, and what may be done about it.

What the office never changed may be replaced; behind what it changed whole sections it lacks may be put, no more.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

Doing = Literal["add", "replace", "extend", "keep"]
_HEADER = re.compile(r"^\[\[?([A-Za-z0-9_.\"-]+)\]\]?", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Renewal:
    """One definition that is not as it came: its path, what is to be done, sections it lacks, how it differs.

    `add`: the office has none. `replace`: an older form the office never changed. `extend`: changed by the office,
    whole sections are put behind. `keep`: changed by the office, to be looked at by people.
    """

    path: str
    doing: Doing
    sections: Sequence[str] = ()
    difference: Sequence[str] = ()
    why: str = ""
    data: bytes = field(default=b"", repr=False)


def renewal(path: str, own: bytes | None, new: bytes, *, untouched: bool) -> Renewal | None:
    """Return what is to be done about a definition, None when the office has it as it came.

    `own` is the office's file, None where there is none; `untouched`: it is one that came with the program before.
    """
    if own == new:
        return None
    if own is None:
        return Renewal(path, "add", data=new)
    difference = told(own, new)
    if untouched:
        return Renewal(path, "replace", difference=difference, data=new)
    if path.endswith(".toml") and (made := extended(own, new)) is not None:
        text, sections = made
        return Renewal(path, "extend", sections, difference, data=text)
    return Renewal(path, "keep", difference=difference, why="本单位改过")


def told(own: bytes, new: bytes) -> tuple[str, ...]:
    """Return the lines in which two texts differ, as a unified difference; nothing of what is no text."""
    try:
        ours, theirs = (data.decode("utf-8-sig").splitlines() for data in (own, new))
    except UnicodeDecodeError:
        return ()
    return tuple(difflib.unified_diff(ours, theirs, "本单位的", "随程序的", lineterm="", n=1))


def extended(own: bytes, new: bytes) -> tuple[bytes, tuple[str, ...]] | None:
    """Return an office's file with the top-level sections it lacks put behind, and their names.

    None where it lacks none, or where the two say something that is no section of its own: then people decide.
    """
    try:
        ours, theirs = (tomllib.loads(data.decode("utf-8-sig")) for data in (own, new))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError):
        return None
    lacking = [name for name in _named(theirs) if name not in _named(ours)]
    blocks = _blocks(new.decode("utf-8-sig"))
    if not lacking or any(name not in blocks for name in lacking):
        return None
    text = own.decode("utf-8-sig").rstrip("\n") + "\n" + "".join(f"\n{blocks[name]}" for name in lacking)
    made = tomllib.loads(text)
    as_wanted = all(_at(made, name) == _at(theirs, name) for name in lacking)
    return (
        (text.encode(), tuple(lacking))
        if as_wanted and all(_at(made, n) == _at(ours, n) for n in _named(ours))
        else None
    )


def _named(table: dict[str, object]) -> list[str]:
    """Return the sections a file has: its tables, and of a table of tables alone (`kinds`) each of those."""
    found = []
    for name, value in table.items():
        if isinstance(value, dict):
            inner = all(isinstance(one, dict) for one in value.values()) and bool(value)
            found += [f"{name}.{key}" for key in value] if inner else [name]
    return found


def _at(table: dict[str, object], name: str) -> object:
    found: object = table
    for key in name.split("."):
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _blocks(text: str) -> dict[str, str]:
    """Return the text of each section with the comments right above it, and the sections below it."""
    starts = [(m.start(), m[1]) for m in _HEADER.finditer(text)]
    found: dict[str, str] = {}
    for place, (start, name) in enumerate(starts):
        end = _above(text, starts[place + 1][0]) if place + 1 < len(starts) else len(text)
        piece = text[_above(text, start) : end].strip("\n") + "\n"
        owner = next((known for known in found if name == known or name.startswith(f"{known}.")), None)
        if owner is None:
            found[name] = piece
        else:
            found[owner] += "\n" + piece
    return found


def _above(text: str, start: int) -> int:
    """Return where the comments right above a place begin."""
    while (line := text.rfind("\n", 0, max(start - 1, 0)) + 1) < start and text[line:start].lstrip().startswith("#"):
        start = line
    return start
