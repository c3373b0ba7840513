"""The papers of one record: files handed in with it, a copy asked for."""

from __future__ import annotations

from starlette.responses import Response

from qrecords.errors import UsageError
from qrecords.model.record import Action
from qrecords.services import reading
from qrecords.services.finding.find import shown
from qrecords.services.scans.attach import attach
from qrecords.stores.given import GivenFile
from qrecords.web.asked import Asked
from qrecords.web.pages.scanning import file_name
from qrecords.web.wording import worded


def papers(asked: Asked) -> Response:
    """Show what lies beside a record, and what can be done with its paper."""
    session = asked.session
    one = reading.one(session, asked.path["number"])
    form = session.forms.get(one.form_code).form
    rights = (Action.ATTACH, Action.FILE, Action.COPY_REQUEST)
    may = {a.value for a in rights if session.only_readable([one], a)}
    return asked.page("papers.html", record=shown(session, one), form=form, may=may)


def attach_files(asked: Asked) -> Response:
    """Put files beside a record; their text is read as a job."""
    given = [f for f in asked.sent.getlist("file") if not isinstance(f, str) and f.filename]
    if not given:
        raise UsageError("没有选文件", remedy="请选要附的文件")
    files = [GivenFile(file_name(f.filename or ""), f.file.read()) for f in given]
    record, version, notes = attach(asked.session, asked.path["number"], files, recognise=False)
    into = f"，存为归档件的第{version}版" if version else ""
    told = "；".join([f"附上{len(files)}个文件{into}", *map(worded, notes)])
    return asked.go(f"/records/{record.record_no}/papers", told)
