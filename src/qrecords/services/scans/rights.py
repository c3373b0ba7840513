"""Whose right it is to add a paper to records: until they are filed as always, afterwards the archivist's."""

from __future__ import annotations

from collections.abc import Sequence

from qrecords.advice import advise
from qrecords.errors import NotPermitted
from qrecords.model.papers import right_for
from qrecords.model.record import Action, Record
from qrecords.office import Office


def authorise_papers(office: Office, action: Action, records: Sequence[Record]) -> None:
    """Let the account attach papers to all of these records, or sign them, or refuse, and log the refusals."""
    rights = [right_for(action, record.state) for record in records]
    for right in dict.fromkeys(rights):
        try:
            office.authorise_all(right, [r for r, asked in zip(records, rights, strict=True) if asked is right])
        except NotPermitted as refused:
            if right is action:
                raise
            message = advise("已归档的记录由归档人补存：{}", refused.message)
            raise NotPermitted(message, remedy=refused.remedy, problems=refused.problems) from None
