"""What an office's definitions lack beside those that come with the program, and what may be done about it.

What the office never changed may be replaced; behind what it changed whole sections it lacks may be put, no more.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

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

    Columns a list lacks (`fields` of a block) are put at its end, `block.key`. None where it lacks neither, or where
    the two say something else that is no section of its own: then people decide.
    """
    try:
        text, theirs_text = own.decode("utf-8-sig"), new.decode("utf-8-sig")
        ours, theirs = tomllib.loads(text), tomllib.loads(theirs_text)
        columns = [*_columns(ours, theirs)]
        for block, key in columns:
            text = _with_column(text, theirs_text, block, key)
        lacking = [name for name in _named(theirs) if name not in _named(ours)]
        blocks = _blocks(theirs_text)
        if any(name not in blocks for name in lacking):
            return None
        text = text.rstrip("\n") + "\n" + "".join(f"\n{blocks[name]}" for name in lacking)
        made = tomllib.loads(text)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, LookupError):
        return None
    wanted = {name: _at(theirs, name) for name in lacking} | {name: _at(ours, name) for name in _named(ours)}
    for block, key in columns:
        added = next(f for f in theirs[block]["fields"] if f.get("key") == key)
        wanted[block] = {**wanted[block], "fields": [*wanted[block]["fields"], added]}
    if not (lacking or columns) or any(_at(made, name) != said for name, said in wanted.items()):
        return None
    return text.encode(), (*lacking, *(f"{block}.{key}" for block, key in columns))


def _columns(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Give the columns of blocks both have that the office's lack, by block and key."""
    for name, block in theirs.items():
        own = ours.get(name)
        if isinstance(own, dict) and isinstance(block, dict) and "fields" in own and "fields" in block:
            known = {field.get("key") for field in own["fields"]}
            yield from ((name, f["key"]) for f in block["fields"] if f.get("key") and f["key"] not in known)


def _with_column(text: str, theirs: str, block: str, key: str) -> str:
    """Return a text with a block's column put at the end of its fields; LookupError where lines do not show it."""
    line = re.search(rf'^ *\{{ key = "{re.escape(key)}", .*$', _section(theirs, block)[1], re.MULTILINE)
    start, section = _section(text, block)
    end = section.find("\n]")
    if line is None or end < 0:
        raise LookupError(key)
    return f"{text[:start]}{section[:end]}\n{line[0]}{text[start + end :]}"


def _section(text: str, name: str) -> tuple[int, str]:
    """Return where a section's header stands, and its text up to the next one."""
    found = [(m.start(), m[1]) for m in _HEADER.finditer(text)]
    place = [n for _, n in found].index(name) if name in {n for _, n in found} else -1
    if place < 0:
        raise LookupError(name)
    start = found[place][0]
    return start, text[start : found[place + 1][0] if place + 1 < len(found) else len(text)]


def _named(table: Mapping[str, Any]) -> list[str]:
    """Return the sections a file has: its tables, and of a table of tables alone (`kinds`) each of those."""
    found = []
    for name, value in table.items():
        if isinstance(value, dict):
            inner = all(isinstance(one, dict) for one in value.values()) and bool(value)
            found += [f"{name}.{key}" for key in value] if inner else [name]
    return found


def _at(table: Mapping[str, Any], name: str) -> Any:
    found: Any = table
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
