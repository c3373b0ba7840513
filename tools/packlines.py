"""Count what each pack and the series KF758 are made of: lines of data beside lines of code, python -m tools.packlines.

Data are the .toml and .json of a folder; code is what no other series needs. Blank lines and comments do not count.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
SOURCE = CHECKOUT / "src" / "qrecords"
ROOMS = ("model", "stores", "services", "cli")
# Whole modules, or functions of one (`module.py:name`), by the series they are for.
CODE = {
    "forms/KF758": (
        "model/spares.py", "model/fleet.py", "model/staff.py", "model/evaluation.py", "model/figures/management.py",
        "model/figures/visits.py",
        "model/relations.py:_qualified", "services/spares.py", "services/alike.py",
        "services/reports/evaluated.py", "services/steps.py:_standings", "cli/spares.py", "cli/alike.py",
        "model/improving.py", "services/improving.py", "cli/improve.py", "services/reports/byunit.py",
    ),
    "packs/ledger": ("model/figures/threads.py", "model/figures/weeks.py"),
    "packs/response": (),
    "packs/return_repair": ("model/figures/management.py:_returned_again", "model/access.py:seen_units"),
    "packs/reserve": ("model/relations.py:_mark",),
    "all packs": ("stores/packs.py", "services/packs.py", "services/demopacks.py", "cli/packs.py"),
}  # fmt: skip
# What stands in a module of KF758 and is for others: the pack, and what a branch's documents tell of plans.
OTHERS = ("_returned_again", "of_branch", "_lines_of", "Narrowing", "narrowed")


def main() -> None:
    """Print the table as it stands in docs/architecture.md."""
    print("| | data | model | stores | services | cli |\n|---|---|---|---|---|---|")
    for name, parts in CODE.items():
        counts = {room: sum(_code(part) for part in parts if part.startswith(f"{room}/")) for room in ROOMS}
        if name == "forms/KF758":
            counts["model"] -= sum(_code(f"model/figures/management.py:{other}") for other in OTHERS)
        print(f"| `{name}` | {_data(CHECKOUT / name)} | {' | '.join(str(counts[room]) for room in ROOMS)} |")


def _data(folder: Path) -> int:
    files = (p for p in folder.rglob("*") if p.suffix in {".toml", ".json"}) if folder.is_dir() else ()
    return sum(1 for p in files for line in p.read_text(encoding="utf-8").splitlines() if _counts(line))


def _code(part: str) -> int:
    name, _, function = part.partition(":")
    text = (SOURCE / name).read_text(encoding="utf-8")
    return sum(1 for line in _lines(text, function) if _counts(line))


def _lines(text: str, function: str) -> Iterator[str]:
    lines = text.splitlines()
    if not function:
        yield from lines
    for node in ast.parse(text).body if function else ():
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == function:
            yield from lines[node.lineno - 1 : node.end_lineno]


def _counts(line: str) -> bool:
    return bool(line.strip()) and not line.strip().startswith("#")


if __name__ == "__main__":
    main()
