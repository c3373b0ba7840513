"""Units in service by model, and how many more there will be than while parts were used (domain K.2, `grow`)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from qrecords.model.period import Period
from qrecords.model.values import choice_key

YEAR_END = "12-31"


@dataclass(frozen=True, slots=True)
class Delivery:
    """Some units of a model, in service from a day on ("" = ever since); `left`: no more in the years to come."""

    model: str
    since: str = ""
    units: int = 1
    left: bool = False


@dataclass(frozen=True, slots=True)
class Growth:
    """Units in service at the end of the year planned, and their mean over the months looked at."""

    units: int
    mean: Fraction

    @property
    def factor(self) -> Fraction:
        """Return by what use grows with them."""
        return self.units / self.mean

    @property
    def told(self) -> str:
        """Return it in words, 「60÷40＝1.50」, rounded for reading alone."""
        mean = str(self.mean) if self.mean.denominator == 1 else f"{float(self.mean):.1f}"
        return f"{self.units}÷{mean}＝{float(self.factor):.2f}"


class Fleet:
    """What was delivered, and what will be by the end of a year."""

    def __init__(self, deliveries: Iterable[Delivery] = (), year: int = 0) -> None:
        """Take the deliveries known, those typed for the year planned among them."""
        self._year = year
        self._by_model: dict[str, list[Delivery]] = {}
        for delivery in deliveries:
            self._by_model.setdefault(choice_key(delivery.model), []).append(delivery)

    def planned(self, models: Collection[str]) -> int:
        """Return how many units of some models are in service at the end of the year planned."""
        until = f"{self._year:04d}-{YEAR_END}"
        return sum(d.units for d in self._of(models) if not d.left and d.since <= until)

    def growth(self, models: Collection[str], months: Sequence[str]) -> Growth | None:
        """Return how they grow from the mean of some months' last days; None of models that had none in them."""
        ends = [Period.read(month).last for month in months]
        units = sum(sum(d.units for d in self._of(models) if d.since <= end) for end in ends)
        return Growth(self.planned(models), Fraction(units, len(ends))) if units else None

    def _of(self, models: Collection[str]) -> Iterable[Delivery]:
        for model in {choice_key(model) for model in models}:
            yield from self._by_model.get(model, ())
