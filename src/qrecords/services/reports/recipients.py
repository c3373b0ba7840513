"""For which offices of military representatives a document is, whatever way it takes there (R107, H.3)."""

from __future__ import annotations

from collections.abc import Sequence

from qrecords.advice import Sentence, advise
from qrecords.errors import UsageError
from qrecords.model.document import Document, to_draw
from qrecords.model.period import Period
from qrecords.office import Office
from qrecords.services.reports.kept import series_of
from qrecords.stores.documentkinds import DOCUMENTS_FILE

_CHECK: Sentence = f"请核对对象；分管情况在 {DOCUMENTS_FILE} 的 milreps"


def require_for_them(office: Office, document: Document, recipients: Sequence[str]) -> None:
    """Refuse an office of military representatives what is not for it: of others' users, or too secret."""
    period, series = Period.read(document.period), series_of(office)
    for name in map(series.milrep_called, recipients):
        if (found := series.milreps.get(name)) is None or (document.milrep and name == document.milrep):
            continue
        why, remedy = found.why_not(document.branch, period, document.secrecy_level), _CHECK
        own = name in series.narrowed_to(document.kind, document.branch)
        if document.milrep:
            why = f"它是给{document.milrep}拟制的，只有它分管的内容"
            remedy = _CHECK if own else f"请报送{document.milrep}；给{name}的是{document.branch}的那一份"
        if why and own and not found.why_none(document.branch, period, document.secrecy_level):
            remedy = advise("给它的请另拟制：{}", to_draw(document.kind, document.period, document.branch, name))
        if why:
            raise UsageError(f"{document.document_no} 不能报送{name}：{why}", remedy=remedy)
