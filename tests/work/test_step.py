"""Every kind of step is in the one table, reads what it wrote, and what no class knows stops whoever finds it."""

from __future__ import annotations

import ast
import json
import pkgutil
from importlib import import_module
from typing import Any

import pytest

import qrecords.services
from qrecords.errors import IntegrityFailure
from qrecords.office import Office
from qrecords.services.access.copyissue import IssueCopies
from qrecords.services.care.recover import recover
from qrecords.services.intents import KINDS, being_filed, open_steps, step_class, step_of
from qrecords.stores.register.rows import IntentRow
from qrecords.work.leases import LeaseKeeper
from qrecords.work.step import Step
from tests.conftest import CHECKOUT, CommandLine

SOURCE = CHECKOUT / "src/qrecords"
# Intents of each kind as the program before `Step` wrote them (tests/office_steps.py).
WRITTEN = json.loads((CHECKOUT / "tests/fixtures/intents.json").read_text(encoding="utf-8"))
UNKNOWN = "0123456789ab"


def begun() -> set[str]:
    """Return the classes the program writes intents of: begin(tx, CLASS(…))."""
    found = set()
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Attribute(attr="begin"), args=[_, ast.Call(func=ast.Name(id=name))]):
                    found.add(name)
    return found


def test_the_table_names_every_step_the_program_begins_and_no_other() -> None:
    classes = {kind: step_class(kind) for kind in KINDS}
    assert {kind: found.KIND for kind, found in classes.items()} == {kind: kind for kind in KINDS}
    assert {found.__name__ for found in classes.values()} == begun()


def test_every_class_with_a_kind_is_in_the_table() -> None:
    for module in pkgutil.walk_packages(qrecords.services.__path__, "qrecords.services."):
        import_module(module.name)
    waiting, found = Step.__subclasses__(), set[type[Step[Any]]]()
    while waiting:
        each = waiting.pop()
        waiting += each.__subclasses__()
        found |= {each} if "KIND" in vars(each) else set()
    assert found == {step_class(kind) for kind in KINDS}


def test_an_intent_is_written_in_one_place() -> None:
    writing = [path for path in SOURCE.rglob("*.py") if "intents.begin(" in path.read_text(encoding="utf-8")]
    assert writing == [SOURCE / "desk/session.py"]


def row_of(intent: dict[str, Any]) -> IntentRow:
    return IntentRow(**{"id": "", "account": "", "created_at": "", "audit_head": "", "state": "open", **intent})


def test_every_kind_has_an_intent_of_before() -> None:
    assert {intent["kind"] for intent in WRITTEN} == set(KINDS)


@pytest.mark.parametrize("intent", WRITTEN, ids=[intent["kind"] for intent in WRITTEN])
def test_what_was_written_before_is_read_and_written_the_same(intent: dict[str, Any]) -> None:
    step = step_of(row_of(intent))
    assert json.loads(json.dumps(step.written())) == intent["payload"]


@pytest.mark.parametrize("intent", WRITTEN, ids=[intent["kind"] for intent in WRITTEN])
def test_what_others_must_leave_alone_is_told_from_the_intent(intent: dict[str, Any]) -> None:
    """As the program before asked: by the key its payload had."""
    step, payload = step_of(row_of(intent)), intent["payload"]
    objects = [e["object_id"] for key in ("filings", "bindings", "lists") for e in payload.get(key, ())]
    records = [n for e in payload.get("filings", ()) for n in e["record_nos"]]
    placed = [p["item"]["archive_no"] for b in payload.get("bindings", ()) for p in b["placed"]]
    assert set(step.publishes()) >= set(objects)
    assert [*step.freezes()] == (records if step.KIND in {"file", "correct", "add"} else [])
    assert [*step.keeps()] == [file["sha256"] for file in payload.get("files", ())]
    assert [*step.binds()] == placed


def leave(office: Office, kind: str, payload: dict[str, Any], key: str = UNKNOWN) -> None:
    """Leave an intent as another program wrote it, and died."""
    with office.register.write() as tx:
        tx.intents.begin(key, kind, payload, office.account.name, office.now(), tx.audit.head()[1])


OF_A_NEWER_RELEASE = [("harvest", {}), ("copies", {"request": "", "copies": [], "seal": "1"}), ("copies", {})]


@pytest.mark.parametrize(("kind", "payload"), OF_A_NEWER_RELEASE)
def test_what_no_class_knows_stops_and_stays(office: Office, kind: str, payload: dict[str, Any]) -> None:
    """Nothing is touched, not even what could be mended: the unknown step may count on it."""
    with office.register.write() as tx:
        office.begin(tx, "000000000000", IssueCopies("", ()))
    leave(office, kind, payload)
    staged = office.archive.work_dir(UNKNOWN)
    staged.mkdir(parents=True)
    for _ in range(2):
        with pytest.raises(IntegrityFailure) as told:
            recover(office)
    assert kind in told.value.message
    assert UNKNOWN in told.value.message
    assert "较新的版本" in told.value.remedy
    with office.register.read() as tx:
        assert [i.id for i in tx.intents.open()] == ["000000000000", UNKNOWN]
        assert [e for e in tx.audit.events() if e.object.startswith("intent/")] == []
    assert staged.is_dir()


def test_every_command_tells_of_it(cli: CommandLine, office: Office) -> None:
    leave(office, "harvest", {})
    for command in (["list"], ["status"]):
        ran = cli(*command, ok=False)
        assert ran.status == IntegrityFailure.exit_status
        assert "harvest" in ran.err


def test_who_asks_of_steps_under_way_is_stopped_too(office: Office) -> None:
    leave(office, "harvest", {})
    with office.register.read() as tx:
        with pytest.raises(IntegrityFailure, match="harvest"):
            list(open_steps(tx))
        with pytest.raises(IntegrityFailure, match="harvest"):
            being_filed(tx)


def test_a_living_step_of_a_newer_release_stops_nobody_else_s_recovery(office: Office) -> None:
    elsewhere = LeaseKeeper(office.register, machine="elsewhere")
    with elsewhere.hold(UNKNOWN):
        leave(office, "harvest", {})
        with office.register.write() as tx:
            office.begin(tx, "000000000000", IssueCopies("", ()))
        assert [done["intent"] for done in recover(office)] == ["000000000000"]
    elsewhere.close()
