"""Definitions an office lacks, or has in an older form, are told and put in place; what it changed itself stays."""

from __future__ import annotations

import shutil
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from qrecords.errors import NotFound, NotPermitted, WrongState
from qrecords.model.access import Grant
from qrecords.model.renewal import extended, renewal, told
from qrecords.office import Office
from qrecords.services import renewing
from qrecords.services.packs import switch
from qrecords.services.renewing import apply, compare
from qrecords.stores.formerforms import DIGITS, came_along, former_forms
from tests.conftest import CHECKOUT, CommandLine


@pytest.fixture
def forms(office: Office, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the forms of an office made before: no plans at all, an old table, deadlines of its own, an own template."""
    forms = office.settings.forms_dir.parent
    shutil.rmtree(forms / "KF758")
    (forms / "QR758/tables/T14b.toml").unlink()
    older = b"# as it was\n" + (forms / "QR758/tables/M07.toml").read_bytes()
    (forms / "QR758/tables/M07.toml").write_bytes(older)
    known = former_forms() | {sha256(older).hexdigest()[:DIGITS]}
    monkeypatch.setattr(renewing, "former_forms", lambda: known)
    deadlines = forms / "QR758/deadlines.toml"
    text = deadlines.read_text(encoding="utf-8")
    before, _, after = text.partition("[quality_result]")
    rest = after[after.index("\n[") + 1 :]
    deadlines.write_text(f"# 本单位的期限\n{before}{rest}".replace("limit = 3\n", "limit = 2\n", 1), encoding="utf-8")
    (forms / "QR758/01A/template.docx").write_bytes((forms / "QR758/02A/template.docx").read_bytes() + b"\0")
    sample = forms / "QR758/01A/sample.json"
    sample.unlink()
    office.workspace.forget_forms()
    return forms


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_what_is_lacking_and_what_is_older_is_told_with_its_difference(office: Office, forms: Path) -> None:
    before = files(forms)
    found = {one.path: one for one in compare(office)}
    doings = {path: one.doing for path, one in found.items() if not path.startswith("KF758/")}
    assert doings == {
        "QR758/tables/T14b.toml": "add", "QR758/tables/M07.toml": "replace", "QR758/deadlines.toml": "extend",
        "QR758/01A/template.docx": "keep", "QR758/01A/sample.json": "add",
    }  # fmt: skip
    assert {one.doing for path, one in found.items() if path.startswith("KF758/")} == {"add"}
    assert found["QR758/deadlines.toml"].sections == ("quality_result",)
    assert "-# as it was" in found["QR758/tables/M07.toml"].difference
    assert found["QR758/01A/template.docx"].difference == (), "nobody reads a Word file by lines"
    assert files(forms) == before, "told alone"


def test_it_is_put_in_place_and_what_the_office_changed_stays(office: Office, forms: Path) -> None:
    own = {name: (forms / "QR758" / name).read_bytes() for name in ("deadlines.toml", "01A/template.docx")}
    apply(office)
    now = files(forms)
    came = {
        str(p.relative_to(CHECKOUT / "forms")): p.read_bytes() for p in (CHECKOUT / "forms").rglob("*") if p.is_file()
    }
    different = {path for path, data in came.items() if now[path] != data}
    assert different == {"QR758/deadlines.toml", "QR758/01A/template.docx"}
    assert now["QR758/01A/template.docx"] == own["01A/template.docx"]
    text = now["QR758/deadlines.toml"].decode()
    assert text.startswith(own["deadlines.toml"].decode().rstrip("\n")), "put behind, not a letter of the rest changed"
    assert office.forms.deadlines["quality_result"].limit > 0 and "BJ" in {c[-2:] for c in office.forms.codes()}
    with office.register.read() as tx:
        (event,) = [e for e in tx.audit.events("forms/renew") if e.outcome == "done"]
    assert event.detail["files"]["QR758/deadlines.toml"] == sha256(now["QR758/deadlines.toml"]).hexdigest()
    assert {one.doing for one in compare(office)} == {"keep"}
    assert [one.path for one in apply(office)] == ["QR758/01A/template.docx", "QR758/deadlines.toml"]
    assert files(forms) == now, "again, and nothing happens"
    with office.register.read() as tx:
        assert len([e for e in tx.audit.events("forms/renew") if e.outcome == "done"]) == 1


def test_a_part_of_it_alone(office: Office, forms: Path) -> None:
    assert {one.path for one in compare(office, ["forms/QR758/tables/"])} == {
        "QR758/tables/T14b.toml", "QR758/tables/M07.toml",
    }  # fmt: skip
    apply(office, ["QR758/tables/T14b.toml"])
    assert (forms / "QR758/tables/T14b.toml").exists() and not (forms / "KF758").exists()
    with pytest.raises(NotFound, match="没有与随程序的不同的"):
        compare(office, ["QR758/tables/T14b.toml"])


def test_what_could_not_be_read_with_it_leaves_everything_as_it_was(office: Office, forms: Path) -> None:
    """A table of the office's own that stands beside a set it redefined: none of it is put in place."""
    sets = forms / "QR758/tables/own.toml"
    sets.write_text(
        'id = "T99"\ntitle = "示例"\nkinds = ["BB"]\norder = 1\n[[parts]]\nset = "NONE"\nkey = "a"\n', encoding="utf-8"
    )
    before = files(forms)
    with pytest.raises(WrongState, match="读不出") as refused:
        apply(office)
    assert refused.value.problems and files(forms) == before
    with office.register.read() as tx:
        assert [*tx.audit.events("forms/renew")] == [] and not [*tx.intents.open()]


def test_packs_are_renewed_where_the_office_took_them_up_on_or_off(office: Office) -> None:
    assert compare(office) == []
    switch(office, "ledger", on=True)
    switch(office, "ledger", on=False)
    forms = office.settings.forms_dir.parent
    (forms / "TZ758/tables/L07.toml").unlink()
    assert [(one.path, one.doing) for one in compare(office)] == [("TZ758/tables/L07.toml", "add")]
    apply(office)
    assert (forms / "TZ758/tables/L07.toml").exists() and not (forms / "TZ758/series.toml").exists()


def test_who_may_not_administer_is_refused(office: Office) -> None:
    narrow = replace(office, account=replace(office.account, grants=(Grant("supervisor"),)))
    for way in (compare, apply):
        with pytest.raises(NotPermitted):
            way(narrow)


def test_files_of_one_form_go_together(office: Office) -> None:
    folder = office.settings.forms_dir / "02A"
    (folder / "form.toml").write_bytes((folder / "form.toml").read_bytes() + b"\n# own\n")
    old = next(iter(CHECKOUT.glob("forms/QR758/03A/sample.json"))).read_bytes()
    (folder / "sample.json").write_bytes(old)  # came with the program, as another form's
    assert {(one.path, one.doing) for one in compare(office)} == {
        ("QR758/02A/form.toml", "keep"), ("QR758/02A/sample.json", "keep"),
    }  # fmt: skip


def test_the_command_says_what_it_would_do_and_does_it(
    office: Office, forms: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = CommandLine(office.settings.root, capsys)
    first = command("forms", "renew", "--difference").out
    assert "缺几节" in first and "[quality_result]" in first and "-# as it was" in first
    assert "qrecords forms renew --apply" in first
    assert "✓ 已更新" in command("forms", "renew", "--apply").out
    again = command("forms", "renew").out
    assert "2个本单位改过" in again and "--apply" not in again
    told_all = command.json("forms", "renew", "QR758/deadlines.toml")
    assert [one["doing"] for one in told_all["renewals"]] == ["keep"] and told_all["applied"] is False


def test_sections_are_put_behind_whole_with_their_comments() -> None:
    own = b"# ours\n[a]\nx = 1\n"
    new = b"top = 1\n\n# of a\n[a]\nx = 2\n\n# of b\n# more\n[b]\ny = 1\n[[b.rows]]\nz = 1\n[[b.rows]]\nz = 2\n\n[kinds.one]\nk = 1\n"
    made = extended(own, new)
    assert made is not None
    text, names = made
    assert names == ("b", "kinds.one")
    assert text.decode() == (
        "# ours\n[a]\nx = 1\n\n# of b\n# more\n[b]\ny = 1\n\n[[b.rows]]\nz = 1\n\n[[b.rows]]\nz = 2\n\n[kinds.one]\nk = 1\n"
    )
    assert extended(new, new) is None and extended(b"not toml", new) is None
    one, two = b"[kinds.one]\nk = 9\n", b"[kinds.one]\nk = 1\n[kinds.two]\nk = 2\n"
    assert extended(one, two) == (b"[kinds.one]\nk = 9\n\n[kinds.two]\nk = 2\n", ("kinds.two",))


def test_columns_a_list_lacks_are_put_at_its_end() -> None:
    own = b'[customer]\nfields = [\n  { key = "unit", label = "ours" },\n  { key = "own", label = "x" },\n]\n\n# mine\n[other]\nx = 1\n'
    new = (
        b'[customer]\nfields = [\n  { key = "unit", label = "theirs" },\n  { key = "region", label = "r", note = "n" },\n]\n'
        b"rules = []\n"
    )
    assert extended(own, new) == (
        b'[customer]\nfields = [\n  { key = "unit", label = "ours" },\n  { key = "own", label = "x" },\n'
        b'  { key = "region", label = "r", note = "n" },\n]\n\n# mine\n[other]\nx = 1\n',
        ("customer.region",),
    )
    assert extended(own.replace(b'"x" },\n]', b'"x" }\n]'), new) is None, "no comma behind the last: people decide"
    assert extended(b'[customer]\nfields = [{ key = "unit", label = "ours" }]\n', new) is None


def test_an_office_with_columns_of_its_own_gets_those_it_lacks(office: Office) -> None:
    blocks = office.settings.forms_dir / "blocks.toml"
    text = blocks.read_text(encoding="utf-8")
    line = next(one for one in text.splitlines() if '"visit_interval_months"' in one)
    blocks.write_text(text.replace(line + "\n", "").replace('label = "地区"', 'label = "片区"'), encoding="utf-8")
    (found,) = compare(office)
    assert (found.path, found.doing, found.sections) == (
        "QR758/blocks.toml", "extend", ("customer_service.visit_interval_months",),
    )  # fmt: skip
    apply(office)
    labels = {field.key: field.label for field in office.forms.block("customer_service")}
    assert labels["region"] == "片区" and labels["visit_interval_months"] == "走访间隔月数"
    assert [one.doing for one in compare(office)] == ["keep"]


def test_what_is_to_be_done_hangs_on_who_changed_it() -> None:
    assert renewal("a", b"1", b"1", untouched=False) is None
    wanted = {(None, False): "add", (b"2", True): "replace", (b"2", False): "keep"}
    for (own, untouched), doing in wanted.items():
        found = renewal("a.csv", own, b"1", untouched=untouched)
        assert found is not None and found.doing == doing
    assert told(b"\xff", b"1") == () and told(b"1", b"2") == ("--- 本单位的", "+++ 随程序的", "@@ -1 +1 @@", "-1", "+2")


def test_the_list_of_what_came_before_knows_what_the_program_came_with() -> None:
    known = former_forms()
    assert len(known) > 300 and all(len(one) == DIGITS and int(one, 16) >= 0 for one in known)
    holidays = (CHECKOUT / "forms/QR758/holidays.csv").read_bytes()
    assert came_along(holidays, known) and not came_along(holidays + b"\n", known)
