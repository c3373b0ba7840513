"""Records and questions for the search measurements, made of real text with a fixed seed."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from pathlib import Path

from qrecords.model.textnorm import BREAK
from qrecords.stores.fulltext.interface import Document

REAL = Path(__file__).parents[2] / "shared" / "data" / "fault_records.csv"
FIELDS = {
    "fault_symptom": "故障现象",
    "fault_cause": "原因分析",
    "repair_action": "处理过程",
    "open_issues": "整改措施",
}
FORMS = [f"QR758-{number:02}A" for number in range(1, 12)]
STATES = ["draft", "submitted", "reviewed", "filed", "filed", "filed", "bound"]


def rows() -> list[dict[str, str]]:
    if not REAL.exists():
        raise SystemExit(f"needs {REAL}")
    with REAL.open(encoding="utf-8", newline="") as stream:
        return [*csv.DictReader(stream)]


def documents(count: int, seed: int = 758) -> Iterator[Document]:
    """Give records of about 300 characters: real sentences, shuffled so that no two records are alike."""
    rng = random.Random(seed)
    real = rows()
    sentences = {
        key: [s for row in real for s in row[column].split("。") if s.strip()] for key, column in FIELDS.items()
    }
    for seq in range(1, count + 1):
        row = rng.choice(real)
        year, form = rng.randrange(2017, 2027), rng.choice(FORMS)
        record_no = f"{form}-{year}-{seq:06}"
        model = f"TH-{rng.randrange(100, 140)}{rng.choice('ABC')}"
        texts = {key: "。".join(rng.choices(sentences[key], k=rng.randrange(1, 4))) for key in FIELDS}
        texts |= {
            "record_no": record_no,
            "customer_unit": f"{row['用户单位']}{rng.randrange(40):02}站",
            "product_name": row["影响对象"],
            "product_model": model,
            "serial_no": f"SN{rng.randrange(10**8):08}",
        }
        yield Document(
            record_no=record_no,
            seq=seq,
            form_code=form,
            year=year,
            state=rng.choice(STATES),
            date=f"{year}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}",
            customer_unit=texts["customer_unit"],
            model=model,
            title=row["影响对象"],
            unit=rng.choice(["", "示例一部", "示例二部"]),
            secrecy_level=rng.randrange(4),
            texts=tuple(texts.items()),
        )


def questions(corpus: list[Document], count: int, seed: int = 7) -> list[str]:
    """Return queries as an office asks them, half of them one word, the rest of every other kind."""
    rng = random.Random(seed)

    def word(low: int, high: int) -> str:
        while True:
            key, text = rng.choice(rng.choice(corpus).normal_texts())
            run = rng.choice(text.split(BREAK))
            length = rng.randrange(low, high + 1)
            if key in FIELDS and len(run) >= length:
                start = rng.randrange(len(run) - length + 1)
                return run[start : start + length]

    kinds = [
        lambda: word(2, 6),
        lambda: word(2, 6),
        lambda: word(2, 4),
        lambda: word(4, 12),
        lambda: word(1, 1),
        lambda: f"{word(2, 4)} {word(2, 4)}",
        lambda: f"{word(2, 4)} {word(2, 3)} {word(2, 3)}",
        lambda: f"{word(2, 4)} OR {word(2, 4)}",
        lambda: f"{word(2, 4)} -{word(2, 4)}",
        lambda: rng.choice(corpus).model,
        lambda: dict(rng.choice(corpus).texts)["serial_no"][-4:],
        lambda: f"故障现象:{word(2, 4)}",
        lambda: f"用户:{rng.choice(corpus).customer_unit[-3:]} {word(2, 3)}",
        lambda: f"{word(2, 4)} 表:06A 年:2024",
        lambda: f"{word(2, 4)} 日期:2025-01..2025-06 状态:已归档",
    ]
    return [kinds[number % len(kinds)]() for number in range(count)]
