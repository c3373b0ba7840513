"""What customers say: QR758-01A 用户信息记录处理表 and QR758-11A 产品服务信息记录表."""

from __future__ import annotations

from qrecords.model.form import Form
from tools.templates.blocks import together
from tools.templates.sheet import LOW_ROW, Sheet
from tools.templates.standard import archive, customer, product

_PRODUCTS = {"product_name": 0, "product_model": 34, "serial_no": 34, "production_status": 28, "quantity": 14}
_QUALITY = {"product": 26, "problem": 0, "cause": 32, "handling": 32, "result": 18, "needs_qa": 14}


def build_customer_information(form: Form) -> bytes:
    """Return the template of QR758-01A."""
    s = Sheet(form, row=LOW_ROW)
    return s.document(
        (
            s.band("一、接收"),
            s.pairs("received_at", "received_by"),
            s.pairs("channel_boxes"),
            s.pairs("source_record_no", "severity_boxes"),
            *customer(s),
            *product(s),
            s.pairs("software_version", "warranty_status_boxes"),
            s.pairs("info_type_boxes"),
            s.text("info_content"),
            s.band("二、处理意见"),
            s.text("handling_opinion", 2),
            s.pairs("resp_unit", "resp_person", "due_date", widths=(58, 50, 0), style="Small"),
            s.band("三、处理结果"),
            s.text("cause_analysis", 2),
            s.text("handling_result", 2),
            s.pairs("handled_on"),
            s.band("四、回复用户"),
            s.pairs("reply_channel_boxes"),
            s.text("reply_content", 2),
            s.pairs("replied_at", "replied_by"),
            s.band("五、质量部跟踪验证（质量信息填写本栏）"),
            s.text("qa_followup"),
            s.pairs("qa_signature", height=9),
            s.band("六、关闭"),
            *together(
                s.pairs("resolved_boxes", "user_satisfied_boxes", widths=(68, 0)),
                s.pairs("future_impact"),
                s.pairs("supervisor_opinion", "supervisor_signature", height=11),
                archive(s),
            ),
        ),
    )


def build_product_information(form: Form) -> bytes:
    """Return the template of QR758-11A."""
    s = Sheet(form, row=LOW_ROW)
    return s.document(
        (
            s.pairs("performing_unit", "reported_by", widths=(0, 64)),
            s.pairs("notice_no"),
            s.pairs("served_from", "served_to"),
            *customer(s),
            s.pairs("service_category_boxes"),
        ),
        s.rows("products", _PRODUCTS),
        s.rows("quality_items", _QUALITY),
        (
            s.text("usage_info"),
            s.text("demand_info"),
            s.text("user_comments"),
            s.text("competitor_info"),
            s.text("suggestions"),
            *together(
                s.pairs("unit_leader_signature", "sent_on", height=11),
                s.pairs("received_by", "received_on"),
            ),
        ),
        (
            s.band("管理信息部汇总处理"),
            s.text("summary_opinion"),
            s.pairs("transferred_to"),
            *together(s.pairs("supervisor_opinion", "supervisor_signature", height=11), archive(s)),
        ),
    )
