"""The evaluation's points: the worked example to the digit, and what each way of measuring gives."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from pydantic import ValidationError

from qrecords.model.evaluation import Evaluation, Indicator, evaluate, points

LEVELS = [(95, "优秀"), (90, "良好"), (80, "合格"), (70, "基本合格")]


def indicator(key: str, target: str, weight: int, **said: str) -> dict[str, object]:
    return {"key": key, "label": key, "aspect": "指标考核化", "figure": key, "target": target, "weight": weight, **said}


def test_the_example_without_complaints() -> None:
    """50.0 of 95 of 15, 83.25 of 90 of 20 …: 56.59 of 80, for what has no cases is left out."""
    office = Evaluation.model_validate(
        {
            "indicators": [
                indicator("arrival", "95", 15),
                indicator("submission", "98", 15),
                indicator("satisfaction", "90", 20),
                indicator("first_fix", "90", 15),
                indicator("plan", "95", 15),
                indicator("complaints", "1", 10, way="lower"),
                indicator("praise", "0", 0, way="shown"),
            ],
            "levels": [{"points": p, "label": label} for p, label in LEVELS],
        }
    )
    figures = {
        "arrival": 50,
        "submission": 50,
        "satisfaction": Fraction("83.25"),
        "first_fix": 50,
        "plan": 90,
        "praise": 3,
    }
    found = evaluate(office, figures.get)
    got = {
        s.indicator.key: s.points and round(Decimal(s.points.numerator) / s.points.denominator, 2) for s in found.scored
    }
    assert [got[k] for k in ("arrival", "submission", "satisfaction", "first_fix", "plan")] == [
        Decimal(t) for t in ("7.89", "7.65", "18.50", "8.33", "14.21")
    ]
    assert (got["complaints"], got["praise"]) == (None, None)
    assert (round(float(found.obtained), 2), found.involved) == (56.59, 80)
    assert found.score is not None
    assert (round(float(found.score), 1), found.level) == (70.7, "基本合格")
    assert evaluate(office, lambda _: None).level == ""


@pytest.mark.parametrize(
    ("way", "target", "value", "got"),
    [
        ("higher", "90", 95, Fraction(10)),
        ("lower", "60", 120, Fraction(5)),
        ("lower", "60", 0, Fraction(10)),
        ("yes", "100", 99, Fraction(0)),
        ("yes", "100", 100, Fraction(10)),
        ("shown", "0", 4, None),
    ],
)
def test_ways(way: str, target: str, value: int, got: Fraction | None) -> None:
    assert points(Indicator.model_validate(indicator("x", target, 10, way=way)), value) == got


def test_a_target_that_cannot_be_divided_by_is_told() -> None:
    with pytest.raises(ValidationError, match="大于 0"):
        Evaluation.model_validate({"indicators": [indicator("x", "0", 10)]})
