"""The blocks several forms share, as they look on paper: customer, product, evaluation, review, archive."""

from __future__ import annotations

from dataclasses import replace

from tools.templates.blocks import Cell, Row, together
from tools.templates.sheet import LABEL, Sheet

SEAL = 48.0  # the box for a seal of 40 to 45 mm
EVALUATION = "用户评价（请用户评价产品与服务；签署姓名或加盖公章后方为有效）"
_RATING_WIDTH = 103.0  # label and five choices


def performer(sheet: Sheet) -> Row:
    """Return the line that says who does the service."""
    return sheet.pairs("performed_by_boxes", "performing_unit")


def customer(sheet: Sheet) -> tuple[Row, ...]:
    """Return the lines of the customer's unit."""
    third = sheet.width / 3
    return (
        sheet.pairs("customer_unit", "customer_code", widths=(0, third)),
        sheet.pairs("contact_person", "contact_title", "contact_phone"),
        sheet.pairs("customer_address", "military_branch", widths=(0, third)),
    )


def product(sheet: Sheet) -> tuple[Row, ...]:
    """Return the lines of one product unit."""
    return (
        sheet.pairs("product_name", "product_model"),
        sheet.pairs("serial_no", "production_batch"),
        sheet.pairs("contract_no", "delivery_date"),
        sheet.pairs("platform", "install_position"),
    )


def training(sheet: Sheet) -> tuple[Row, ...]:
    """Return the 「培训」 column of table 1, for less than four hours."""
    people = sheet.pairs("training_hours", "training_people", "training_instructor")
    return together(sheet.band("培训（不足4小时填写本栏）"), sheet.text("training_content"), people)


def evaluation(sheet: Sheet, number: str = "") -> tuple[Row, ...]:
    """Return the customer's ratings and signature beside the box for the seal, on one page (QS/PA758A 5.5.5)."""
    ratings = _ratings(sheet)
    lines = together(*ratings, *_signed(sheet, SEAL - sum(line.height for line in ratings)))
    seal = Cell(SEAL, sheet.label("user_seal"), "SmallCenter", valign="top", merge="start")
    more = replace(seal, text="", merge="more")
    beside = [replace(line, cells=(*line.cells, more if n else seal)) for n, line in enumerate(lines)]
    # Free text stands above: beside the seal, which is one cell over all its rows, nothing may grow past a page.
    opinions = (sheet.band(number + EVALUATION), sheet.text("user_comments"), sheet.pairs("not_rated_reason"))
    # Who signs below signs on the page of the customer's signature; what he wrote above may fill a page of its own.
    return *together(*opinions), *(replace(row, keep=True) for row in beside)


def _ratings(sheet: Sheet) -> list[Row]:
    names = [f"{key}_rating_boxes" for key in ("product", "service", "response", "skill", "attitude", "resolution")]
    left = sheet.width - SEAL
    beside = int(left // _RATING_WIDTH)
    lines = [names[n : n + beside] for n in range(0, len(names), beside)]
    label = LABEL if beside == 1 else 23
    return [sheet.pairs(*line, widths=[left / beside] * beside, height=6.5, label=label) for line in lines]


def _signed(sheet: Sheet, room: float) -> list[Row]:
    left = sheet.width - SEAL
    return [
        sheet.pairs(
            "user_signature", "user_sign_date", widths=(left / 2 - 2, left / 2 + 2), height=max(13, room - 6.5)
        ),
        sheet.pairs("signer_title", widths=(left,), height=6.5),
    ]


def review(sheet: Sheet) -> tuple[Row, ...]:
    """Return engineer, unit leader and supervisor, then the line the archivist fills (QS/PA758A 5.5.6)."""
    return together(
        sheet.pairs("engineer_signature", "unit_leader_signature", height=14),
        sheet.pairs("supervisor_opinion", "supervisor_signature", height=14),
        archive(sheet),
    )


def archive(sheet: Sheet) -> Row:
    """Return the line the archivist fills."""
    shares = [share * sheet.width for share in (0.46, 0.24, 0.30)]
    return sheet.pairs("archive_no", "archived_by", "archived_on", widths=shares, label=19)
