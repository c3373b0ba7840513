"""Every template of forms/ and the function that builds it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from qrecords.model.form import Form
from tools.templates import (
    care,
    commissioning,
    copy,
    disposition,
    information,
    notice,
    plain,
    quality,
    registers,
    repair,
    report,
    training,
    volume,
)

# By the folder of the form: built from its definition.
FORMS: Mapping[str, Callable[[Form], bytes]] = {
    "01A": information.build_customer_information,
    "02A": registers.build_calls,
    "03A": registers.build_faxes,
    "04A": notice.build,
    "05A": training.build,
    "06A": repair.build,
    "07A": commissioning.build_one,
    "08A": commissioning.build_batch,
    "09A": registers.build_dispatches,
    "10A": registers.build_arrivals,
    "11A": information.build_product_information,
    # The papers of plans, visits, staff and improvements have no layout of the procedure's.
    **dict.fromkeys(("JH", "ZX", "BJ", "ZF", "HF", "RY", "GJ", "PJ"), plain.build),
}

# By file name below forms/QR758/copy/.
COPY: Mapping[str, Callable[[], bytes]] = {"watermark.docx": copy.build_watermark}

# By file name below forms/QR758/volume/.
VOLUME: Mapping[str, Callable[[], bytes]] = {
    "cover.docx": volume.build_cover,
    "contents.docx": volume.build_contents,
    "file_note.docx": volume.build_file_note,
    "catalogue.docx": volume.build_catalogue,
    "stamp.docx": volume.build_stamp,
    **{f"spine-{width}.docx": partial(volume.build_spine, width) for width in volume.SPINES},
}

# By path below forms/QR758/: what is printed about the archive itself.
PAPERS: Mapping[str, Callable[[], bytes]] = {
    "disposition/list.docx": disposition.build_list,
    "disposition/certificate.docx": disposition.build_certificate,
    "verify/report.docx": care.build_report,
    "quality/complaints.docx": quality.build_complaints,
    "quality/feedback.docx": quality.build_feedback,
}

# By file name below forms/KF/: the paper of documents computed from records.
DOCUMENTS: Mapping[str, Callable[[], bytes]] = {"report.docx": report.build_report, "brief.docx": report.build_brief}
