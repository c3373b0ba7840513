"""The bytes of every template papers were made with: kept as objects from the first paper on."""

from __future__ import annotations

from qrecords.errors import WrongState
from qrecords.model.objects import TEMPLATE
from qrecords.office import Office
from qrecords.stores import durable
from qrecords.stores.formfiles import FormFolder


def keep_template(office: Office, intent: str, folder: FormFolder) -> None:
    """Keep the bytes of a template records are made with, and the definition beside it, as an object of its own."""
    object_id = TEMPLATE.object_id(folder.template_sha256)
    if office.archive.exists(object_id):
        return
    staged = office.archive.stage(
        object_id,
        {"template.docx": folder.template_bytes, "form.toml": folder.path / "form.toml"},
        message=f"{folder.form.code} 所用的表式模板",
        user=office.account.display_name,
        created=office.clock(),
        intent=intent,
        expected_head=0,
    )
    try:
        office.archive.publish(staged)
    except WrongState:  # another process kept the same bytes meanwhile
        if not office.archive.exists(object_id):
            raise


def kept(office: Office, folder: FormFolder) -> None:
    """Keep a template outside a step that has an intent of its own."""
    if not office.archive.exists(TEMPLATE.object_id(folder.template_sha256)):
        with office.under_way() as step:
            keep_template(office, step, folder)
            durable.remove_tree(office.archive.work_dir(step))
