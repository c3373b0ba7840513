"""What an account is told, as text: two offices that differ in what it may not see must say the same to the letter."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict, is_dataclass, replace
from typing import Any

from qrecords.cli.wording import error_json
from qrecords.errors import QRecordsError
from qrecords.model.access import Account
from qrecords.office import Office

FOLDERS = re.compile(r"/[^\"]*?/(?:one|other|with|without)/")  # in which two such offices lie


def answer(office: Office, who: Account, way: Callable[[Office], Any]) -> str:
    """Return what an account is told, exit status and all, without what differs between the two offices' folders."""
    acting = replace(office, account=who)
    try:
        told = way(acting)
    except QRecordsError as error:
        told = {"exit": error.exit_status} | error_json(error)
    text = json.dumps(told, ensure_ascii=False, default=lambda v: asdict(v) if is_dataclass(v) else str(v))  # type: ignore[call-overload]
    acting.index.close()
    if office.settings.archive.url:
        text = text.replace(office.settings.archive.url, "")
    return FOLDERS.sub("/", text)
