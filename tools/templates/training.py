"""QR758-05A 用户培训记录: the plan, the courses, the trainees' signatures on a page of their own."""

from __future__ import annotations

from qrecords.model.form import Form
from tools.templates.blocks import gap
from tools.templates.sheet import Sheet
from tools.templates.standard import customer, evaluation, performer, review

_MATERIALS = {"name": 0, "code": 44, "quantity": 16}
_INSTRUCTORS = {"name": 60, "title": 0}
_COURSES = {"date": 29, "time_span": 24, "hours": 15, "content": 0, "mode": 14, "instructor": 24}
_TRAINEES = {"name": 26, "unit": 0, "job": 24, "phone": 32, "签名": 32}


def build(form: Form) -> bytes:
    """Return the template."""
    s = Sheet(form)
    return s.document(
        (
            s.pairs("notice_no", "total_hours"),
            performer(s),
            *customer(s),
            s.pairs("training_occasion_boxes"),
            s.pairs("training_mode_boxes"),
            s.pairs("train_from", "train_to"),
            s.pairs("training_site", "product_model"),
            *s.side_rows("materials", _MATERIALS),
            *s.side_rows("instructors", _INSTRUCTORS),
        ),
        s.rows("courses", _COURSES),
        (
            s.text("assessment", 3),
            s.text("qa_notes", 3),
            s.pairs("trainee_count", "effect_rating_boxes", widths=(56, 0)),
        ),
        gap(new_page=True),
        s.rows("trainees", _TRAINEES, blank="签名", height=6.8),
        (*evaluation(s), *review(s)),
    )
