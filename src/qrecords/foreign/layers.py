"""Which layers (optional content) of a PDF a viewer shows when it opens it, by the file's default configuration."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pikepdf


class Layers:
    """The layers of one PDF."""

    def __init__(self, pdf: pikepdf.Pdf) -> None:
        root: Any = pdf.Root.get("/OCProperties")
        self._off: set[tuple[int, int]] = set()
        if isinstance(root, pikepdf.Dictionary):
            self._off = set(_switched_off(root))

    def __bool__(self) -> bool:
        return bool(self._off)

    def hides(self, membership: Any) -> bool:
        """Tell whether content that belongs to a layer, or to a rule over several, is hidden."""
        if not self._off or not isinstance(membership, pikepdf.Dictionary):
            return False
        if membership.get("/Type") == "/OCG":
            return membership.objgen in self._off
        if "/VE" in membership:
            return not self._shown_by(membership["/VE"], 0)
        groups: Any = membership.get("/OCGs")
        listed = list(groups) if isinstance(groups, pikepdf.Array) else [groups]
        states = [g.objgen not in self._off for g in listed if isinstance(g, pikepdf.Dictionary)]
        if not states:
            return False
        match str(membership.get("/P", "/AnyOn")):
            case "/AllOn":
                return not all(states)
            case "/AnyOff":
                return all(states)
            case "/AllOff":
                return any(states)
            case _:
                return not any(states)

    def _shown_by(self, rule: Any, depth: int) -> bool:
        if isinstance(rule, pikepdf.Dictionary):
            return rule.objgen not in self._off
        if not isinstance(rule, pikepdf.Array) or not len(rule) or depth > 20:
            return True
        operands = [self._shown_by(part, depth + 1) for part in list(rule)[1:]]
        match str(rule[0]):
            case "/Not":
                return not all(operands)
            case "/Or":
                return any(operands)
            case _:
                return all(operands)


def _switched_off(properties: Any) -> Iterator[tuple[int, int]]:
    """Give the layers that are off: by the base state, the lists of the configuration, and what it says of viewing."""
    groups = [g for g in properties.get("/OCGs", []) if isinstance(g, pikepdf.Dictionary)]
    config = properties.get("/D", pikepdf.Dictionary())
    listed = {key: {g.objgen for g in config.get(key, [])} for key in ("/ON", "/OFF")}
    base_off = config.get("/BaseState") == "/OFF"
    viewing = {
        g.objgen
        for use in config.get("/AS", [])
        if use.get("/Event") == "/View"
        for g in use.get("/OCGs", [])
        if isinstance(g, pikepdf.Dictionary)
    }
    for group in groups:
        off = group.objgen in listed["/OFF"] or (base_off and group.objgen not in listed["/ON"])
        if group.objgen in viewing:
            usage = group.get("/Usage", pikepdf.Dictionary()).get("/View", pikepdf.Dictionary())
            off = usage.get("/ViewState", "/OFF" if off else "/ON") == "/OFF"
        if off:
            yield group.objgen
