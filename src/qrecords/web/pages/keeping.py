"""备份: which there are, one read through, laid out as a new workspace, and destructions executed again there.

The workspace in use is never touched; which one is served is decided at the machine.
"""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import Response

from qrecords.model.record import Action
from qrecords.services.care import restoring
from qrecords.strict import RUN
from qrecords.web.asked import Asked
from qrecords.web.pages.working import begin

PAGE = "/office/backups"
STATES = {"broken-off": "恢复到一半", "unopened": "还没有检查", "opened": "已恢复"}


def listed(asked: Asked) -> Response:
    """Show the backups, and the workspaces made of them."""
    session = asked.session
    administers = session.allows(Action.ADMINISTER)
    made = restoring.restored(session)
    there = restoring.backups(session) if administers else []
    return asked.page(
        "backups.html", backups=[(one, _address(one.name)) for one in there],
        restored=[(one, f"/office/restored/{quote(one.name, safe='')}/replay") for one in made],
        administers=administers, destroys=session.allows(Action.DESTROY), restored_states=STATES,
        folder=session.settings.desk.backup_folder, restore_folder=session.settings.desk.restore_folder,
    )  # fmt: skip


def one(asked: Asked) -> Response:
    """Show what one backup would bring back."""
    name = asked.path["name"]
    shown = restoring.show_backup(asked.session, name)
    # On a strict machine there is one workspace, and what runs it is the machine administrator's.
    return asked.page("backup.html", one=shown, address=_address(name), strict=RUN.strict is not None)


def check(asked: Asked) -> Response:
    """Read every byte of a backup, as a job."""
    return begin(asked, "check-backup", {"name": asked.path["name"]})


def restore(asked: Asked) -> Response:
    """Lay a backup out as a new workspace, as a job."""
    return begin(asked, "restore", {"name": asked.path["name"]})


def replay(asked: Asked) -> Response:
    """Execute in a restored workspace the lists executed since its backup, as a job."""
    return begin(asked, "replay", {"name": asked.path["name"]})


def _address(name: str) -> str:
    return f"{PAGE}/{quote(name, safe='')}"
