"""QR758-04A 售后服务通知单: page one is issued before departure, page two completed after return."""

from __future__ import annotations

from qrecords.model.form import Form
from tools.templates.blocks import gap
from tools.templates.document import Head
from tools.templates.sheet import Sheet
from tools.templates.standard import customer, evaluation, performer, review

_PRODUCTS = {
    "product_name": 0, "product_model": 28, "serial_no": 29, "production_status": 22, "quantity": 12, "task": 32,
}  # fmt: skip
_STAFF = {"name": 34, "title": 34, "unit": 0, "is_leader": 16}
_CARRIED = {"name": 0, "model": 36, "quantity": 12, "remark": 40}
_REPORTS = {"form_code": 34, "record_no": 0, "copies": 16}


def build(form: Form) -> bytes:
    """Return the template."""
    s = Sheet(form)
    return s.document(
        (
            s.band("一、签发"),
            s.pairs("issued_on", "required_arrival", "planned_finish", style="Small", label=25),
            performer(s),
            s.pairs("service_origin_boxes", style="Small"),
            s.pairs("service_category_boxes"),
            *customer(s),
            s.pairs("service_site", "contract_no"),
        ),
        s.rows("products", _PRODUCTS),
        (
            s.text("task_description", 8),
            *s.side_rows("staff", _STAFF),
            *s.side_rows("carried_items", _CARRIED),
            s.text("cautions"),
            s.pairs("charge_type_boxes", "issuer_signature", height=14),
        ),
        gap(new_page=True),
        (
            s.band("二、执行"),
            s.pairs("departed_on", "arrived_on"),
            s.pairs("left_on", "returned_on"),
            s.pairs("completion_boxes", "submitted_on"),
            s.text("completion_note"),
            s.text("open_issues"),
            *s.side_rows("reports", _REPORTS),
        ),
        evaluation(s, "三、"),
        (s.band("四、审查归档"), s.text("late_reason"), *review(s)),
        head=Head(right="通知单编号：{{ record_no }}"),
    )
