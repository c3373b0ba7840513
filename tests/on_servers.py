"""Lets every office that tests make live on real servers: `pytest -p tests.on_servers FILES`, in one process.

The register of each is a database of PostgreSQL, its objects and papers a prefix of an S3 store; all else is as the
tests have it. Loaded before any test module, so that all of them find this `init`.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, closing
from functools import wraps
from pathlib import Path
from typing import Any

import pytest

from qrecords.office import Office
from qrecords.services import administer
from qrecords.settings import FILE_NAME
from qrecords.stores.register import Register
from qrecords.stores.settingsfile import new_settings, with_archive, with_register
from tests import servers

NAME = __name__
_running = ExitStack()


def pytest_configure() -> None:
    """Start the servers, and let `init` make offices there."""
    if reason := servers.why_not() or servers.why_no_s3():
        pytest.exit(reason, returncode=1)  # whoever asks for servers is to be told that there are none
    register, store = _running.enter_context(servers.running()), _running.enter_context(servers.storing())
    os.environ |= store.environment()
    template = register.database()
    with closing(Register(Path("none"), register.url(template))) as first:
        first.upgrade()
    plain = administer.init

    @wraps(plain)
    def init(root: Path, **how: Any) -> Office:
        path = root / FILE_NAME
        if not path.exists():
            text = new_settings(how.get("engine") or "tantivy", how.get("org_name") or "示例单位")
            text = with_register(text, register.url(register.database(template)), "")
            root.mkdir(parents=True, exist_ok=True)
            path.write_text(with_archive(text, store.url()), encoding="utf-8")
        return plain(root, **how)

    administer.init = init


def pytest_unconfigure() -> None:
    """Stop them."""
    _running.close()
