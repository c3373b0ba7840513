"""How many spare parts a year will need: demand by its kind, stock by a Poisson law (QS/PA758A 5.9; domain K).

A series is what was used in each of some whole months, oldest first. The program proposes, people decide.

Forecasts of what is used now and then: Croston (1972), Syntetos and Boylan (2005), Teunter, Syntetos and Babai (2011).
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, exp
from typing import Literal

from qrecords.model.fleet import Fleet, Growth
from qrecords.model.values import choice_key

# Above these demand is no longer smooth: months between uses, squared variation of their sizes.
MOST_INTERVAL, MOST_VARIATION = Fraction(132, 100), Fraction(49, 100)
LUMPY_SIZE = 1.5  # mean size from which occasions are counted, not pieces
YEAR, LEAD_MONTHS = 12, 6  # months; how long it takes to get more, where the list does not say
_MOST_STOCK = 100_000

PartKey = tuple[str, str]

DemandClass = Literal["无消耗", "平稳", "间歇", "波动", "块状"]


@dataclass(frozen=True, slots=True)
class Demand:
    """What a series says: months, those with use, total, mean months between uses, variation, mean size, its class."""

    months: int
    used_in: int
    total: Fraction
    interval: Fraction
    variation: Fraction
    size: Fraction
    kind: DemandClass


def classified(series: Sequence[int]) -> Demand:
    """Return what kind of demand a series shows (population variance of the sizes over their mean squared)."""
    sizes = [Fraction(y) for y in series if y > 0]
    if not sizes:
        return Demand(len(series), 0, Fraction(0), Fraction(0), Fraction(0), Fraction(0), "无消耗")
    total, n = sum(sizes, Fraction(0)), len(sizes)
    mean = total / n
    variation = sum(((z - mean) ** 2 for z in sizes), Fraction(0)) / n / mean**2
    interval = Fraction(len(series), n)
    often, even = interval < MOST_INTERVAL, variation < MOST_VARIATION
    kind: DemandClass = "平稳" if often and even else "波动" if often else "间歇" if even else "块状"
    return Demand(len(series), n, total, interval, variation, mean, kind)


def croston(series: Sequence[int], alpha: float = 0.1) -> float:
    """Return Croston's forecast a month: smoothed size over smoothed interval; 0 where nothing was ever used."""
    size = interval = 0.0
    since = 1
    for y in series:
        if y > 0:
            if not interval:
                size, interval = float(y), float(since)
            else:
                size += alpha * (y - size)
                interval += alpha * (since - interval)
            since = 1
        else:
            since += 1
    return size / interval if interval else 0.0


def sba(series: Sequence[int], alpha: float = 0.1) -> float:
    """Return Croston's forecast without its bias (Syntetos and Boylan)."""
    return croston(series, alpha) * (1 - alpha / 2)


def tsb(series: Sequence[int], alpha_size: float = 0.1, alpha_chance: float = 0.1) -> float:
    """Return the forecast a month that fades while nothing is used: chance of use times size (Teunter et al.)."""
    if not series or not any(series):
        return 0.0
    chance = 1.0 if series[0] > 0 else 0.0
    size = float(next(y for y in series if y > 0))
    for y in series[1:]:
        if y > 0:
            size += alpha_size * (y - size)
        chance += alpha_chance * ((1.0 if y > 0 else 0.0) - chance)
    return chance * size


def yearly_demand(series: Sequence[int], grow: Fraction = Fraction(1)) -> tuple[float, str]:
    """Return the use expected in a year and the method: the last twelve months of what is steady, else TSB.

    `grow` is units in service in the year planned over those of the months looked at. Nothing used is no demand, and
    is said to be so: it does not mean that there is no need.
    """
    kind = classified(series).kind
    if kind == "无消耗":
        return 0.0, "无历史"
    if kind == "平稳":
        last = series[-12:]
        return float(Fraction(sum(last), len(last)) * 12 * grow), "近12月平均"
    return tsb(series) * 12 * float(grow), "TSB"


def mtbf_demand(units: int, per_product: int, hours_a_year: int, mtbf_hours: int) -> Fraction:
    """Return the failures a year of parts that fail by chance (exponential), of units in service."""
    return Fraction(units * per_product * hours_a_year, mtbf_hours)


def poisson_cdf(most: int, mean: float) -> float:
    """Return the chance of at most so many occasions."""
    term = total = exp(-mean)
    for k in range(1, most + 1):
        term *= mean / k
        total += term
    return total


def stock_level(demand: float, *, months: int = 18, protection: float = 0.9, size: float = 1.0) -> int:
    """Return the least stock that suffices with that probability over a horizon (the year and the time to get more).

    Of what is used several at a time (`size` over 1.5) occasions are counted, each of the mean size. ValueError for a
    probability no stock reaches.
    """
    if not 0 < protection < 1:
        raise ValueError("保障概率要在 0 和 1 之间")
    lumps = size if size > LUMPY_SIZE else 1.0
    mean = demand / 12 * months / lumps
    if mean <= 0:
        return 0
    term = total = exp(-mean)
    level = 0
    while total < protection and level < _MOST_STOCK:
        level += 1
        term *= mean / level
        total += term
    return ceil(level * lumps)


def proposal(level: int, *, stock: int, on_order: int, backorders: int = 0, pack: int = 1) -> int:
    """Return how many to make ahead: what the level lacks, in whole packs; never less than none."""
    lacking = max(0, level + backorders - stock - on_order)
    return -(-lacking // pack) * pack


@dataclass(frozen=True, slots=True)
class Use:
    """Parts of one kind changed in one repair: in which month (YYYY-MM), on which product."""

    month: str
    name: str
    model: str
    product_model: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Part:
    """What the office's list says of a part; nought where it says nothing."""

    name: str
    model: str = ""
    unit: str = ""
    product_model: str = ""
    aliases: tuple[str, ...] = ()
    per_product: int = 1
    mtbf_hours: int = 0
    year_hours: int = 0
    lead_months: int = LEAD_MONTHS
    pack_size: int = 1

    def failures(self, fleet: Fleet) -> Fraction | None:
        """Return the failures a year of the units in service in it; None where that is not told."""
        in_service = fleet.planned(self.product_model.split("、"))
        if not in_service or not self.mtbf_hours or not self.year_hours:
            return None
        return mtbf_demand(in_service, self.per_product, self.year_hours, self.mtbf_hours)


class PartList:
    """The office's list of parts: known by name and model, by other names, by the name alone where that is one part."""

    def __init__(self, parts: Sequence[Part] = ()) -> None:
        """Take the parts of the list."""
        self.parts = parts
        self._by_key: dict[PartKey, Part] = {}
        alone: dict[str, set[PartKey]] = {}
        for part in parts:
            for name in (part.name, *part.aliases):
                self._by_key.setdefault(part_key(name, part.model), part)
                alone.setdefault(part_key(name, "")[0], set()).add(part_key(part.name, part.model))
        for name, meant in alone.items():
            if len(meant) == 1:
                self._by_key.setdefault((name, ""), self._by_key[next(iter(meant))])

    def doubtful(self) -> list[tuple[str, str, tuple[str, ...]]]:
        """Return the names, with a model, that mean several parts of the list, and which: they count as the first."""
        meant: dict[PartKey, dict[PartKey, tuple[str, str, str]]] = {}
        for part in self.parts:
            for name in (part.name, *part.aliases):
                said = meant.setdefault(part_key(name, part.model), {})
                said.setdefault(part_key(part.name, part.model), (name, part.model, part.name))
        found = [[*parts.values()] for parts in meant.values() if len(parts) > 1]
        return [(parts[0][0], parts[0][1], tuple(name for *_, name in parts)) for parts in found]

    def find(self, name: object, model: object) -> Part | None:
        """Return the part of the list some words mean."""
        return self._by_key.get(part_key(name, model))

    def key(self, name: object, model: object) -> PartKey:
        """Return how a part is told apart: as the list has it, else by its own words."""
        part = self.find(name, model)
        return part_key(part.name, part.model) if part else part_key(name, model)

    def near(self, name: str) -> str:
        """Return the name of the list most like a name, "" when none is."""
        names = [part.name for part in self.parts]
        return next(iter(difflib.get_close_matches(name, names, n=1, cutoff=0.5)), "")


@dataclass(frozen=True, slots=True)
class Unlisted:
    """A part changed in repairs that the list does not have: a variant of a name there, or one to be added (K03)."""

    name: str
    model: str
    quantity: int
    near: str


@dataclass(frozen=True, slots=True)
class Holding:
    """What is there of a part, on its way, and owed to users; the program keeps no store (5.8.2)."""

    stock: int = 0
    on_order: int = 0
    backorders: int = 0


@dataclass(frozen=True, slots=True)
class Proposed:
    """What the program proposes of one part, with what it rests on: people decide (K.5)."""

    name: str
    model: str
    product_model: str
    last_year: int
    yearly_mean: str
    kind: DemandClass
    method: str
    demand: str
    level: int
    stock: int
    on_order: int
    backorders: int
    proposal: int
    unit: str = ""
    used_in: int = 0  # months with use
    series: str = ""  # what was used in each month, the oldest first
    horizon: int = 0  # months the level is for
    expected: str = ""  # use expected in them
    pack: int = 1
    sba: str = ""  # a year's use as Syntetos and Boylan forecast it, to compare with
    quarter: int = 0  # a quarter of the last year's use: the least, by rule of thumb
    grow: str = ""  # by what use grows with the units in service, where it was asked for and is known


def part_key(name: object, model: object) -> PartKey:
    """Return how parts are told apart: width, case and blanks are forgiven."""
    return choice_key(str(name or "")), choice_key(str(model or ""))


def proposals(
    uses: Iterable[Use],
    months: Sequence[str],
    holdings: Mapping[PartKey, Holding],
    listed: PartList = PartList(),  # noqa: B008  # an empty one, never changed
    fleet: Fleet = Fleet(),  # noqa: B008  # an empty one, never changed
    *,
    grow: bool = False,
) -> tuple[Proposed, ...]:
    """Return a proposal for each part used in some whole months (oldest first) or listed, the most needed first.

    `fleet` are the units in service: parts never used are reckoned by their mean time between failures (K.3), and with
    `grow` what is used grows with the units of its products (K.2).
    """
    found: dict[PartKey, list[Use]] = {part_key(part.name, part.model): [] for part in listed.parts}
    for use in uses:
        if use.month in months:
            found.setdefault(listed.key(use.name, use.model), []).append(use)
    made = [
        _proposed(used, months, holdings.get(key, Holding()), listed.find(*key) or _of_uses(used), fleet, grow)
        for key, used in found.items()
    ]
    return tuple(sorted(made, key=lambda p: (-float(p.demand), p.name, p.model)))


def unlisted(uses: Iterable[Use], months: Sequence[str], listed: PartList) -> tuple[Unlisted, ...]:
    """Return what was used in some months and the list does not have; none where there is no list (K03)."""
    found: dict[PartKey, list[Use]] = {}
    for use in uses:
        if listed.parts and use.month in months and listed.find(use.name, use.model) is None:
            found.setdefault(part_key(use.name, use.model), []).append(use)
    made = [
        Unlisted(used[-1].name, used[-1].model, sum(u.quantity for u in used), listed.near(used[-1].name))
        for used in found.values()
    ]
    return tuple(sorted(made, key=lambda u: (-u.quantity, u.name, u.model)))


def _of_uses(used: Sequence[Use]) -> Part:
    """Return what is known of a part the list does not have."""
    return Part(used[-1].name, used[-1].model)


def _models(used: Sequence[Use], part: Part) -> str:
    """Return the products a part belongs to: those of the list, else those it was changed on."""
    return part.product_model or "、".join(dict.fromkeys(use.product_model for use in used if use.product_model))


def _proposed(
    used: Sequence[Use], months: Sequence[str], held: Holding, part: Part, fleet: Fleet, grow: bool
) -> Proposed:
    by_month: Counter[str] = Counter()
    for use in used:
        by_month[use.month] += use.quantity
    series = [by_month[month] for month in months]
    seen, models = classified(series), _models(used, part)
    grown: Growth | None = fleet.growth(models.split("、"), months) if grow and seen.used_in else None
    factor = grown.factor if grown else Fraction(1)
    demand, method = yearly_demand(series, factor)
    if not seen.used_in and (failures := part.failures(fleet)) is not None:
        demand, method = float(failures), "MTBF"
    horizon = YEAR + part.lead_months
    level = stock_level(demand, months=horizon, size=float(seen.size))
    needs = proposal(level, stock=held.stock, on_order=held.on_order, backorders=held.backorders, pack=part.pack_size)
    mean = seen.total * 12 / len(series)
    return Proposed(
        part.name, part.model, models, sum(series[-12:]), f"{float(mean):.1f}", seen.kind, method,
        f"{demand:.1f}", level, held.stock, held.on_order, held.backorders, needs, part.unit, seen.used_in,
        " ".join(map(str, series)), horizon, f"{demand / YEAR * horizon:.1f}", part.pack_size,
        f"{sba(series) * YEAR * float(factor):.1f}", ceil(sum(series[-YEAR:]) / 4), grown.told if grown else "",
    )  # fmt: skip
