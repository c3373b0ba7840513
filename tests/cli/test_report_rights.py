"""The worked example of rights (V-14), by the commands themselves: accounts with passwords, each asking as himself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qrecords.render.pdf import Converter
from tests import retention_office as kept
from tests.conftest import CommandLine, Ran
from tests.faulty_disk import blank_convert

FIRST, OWN = "Sample horse 1 battery", "Sample horse 2 battery"
BRIEFS = {"KF-JB-2019-001": ("JB", "2019-03", "海军"), "KF-JB-2019-002": ("JB", "2019-03", "空军"),
          "KF-BZ-2019-001": ("BZ", "2019-H1", "海军"), "KF-BZ-2019-002": ("BZ", "2019", "海军")}  # fmt: skip
COMPANY = "KF-BB-2019-001"


class Desk:
    """An office led by its commands; `as_` asks as another account, by its password."""

    def __init__(self, cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cli, self._environment = cli, monkeypatch

    def account(self, name: str, role: str, *limits: str, clearance: str) -> None:
        self.cli("accounts", "add", name, "--name", f"示例{name}")
        self.cli("accounts", "grant", name, role, *limits)
        self.cli("accounts", "clearance", name, clearance)
        self._environment.setenv("QRECORDS_NEW_PASSWORD", FIRST)
        self.cli("accounts", "passwd", name, "--reset")
        self._environment.setenv("QRECORDS_PASSWORD", FIRST)
        self._environment.setenv("QRECORDS_NEW_PASSWORD", OWN)
        self.cli("accounts", "passwd", name)
        self._environment.delenv("QRECORDS_PASSWORD")

    def as_(self, name: str, *words: str, ok: bool = True) -> Ran:
        with self._environment.context() as given:
            given.setenv("QRECORDS_PASSWORD", OWN)
            return self.cli("--account", name, "--json", *words, ok=ok)

    def fill(self, form: str, values: dict[str, Any], folder: Path) -> str:
        import json

        path = folder / f"{form}.json"
        path.write_text(json.dumps(values, ensure_ascii=False), encoding="utf-8")
        return str(self.cli.json("fill", form, path)["records"][0]["record_no"])


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(Converter, "convert", blank_convert)
    return Desk(CommandLine(kept.copied(tmp_path), capsys), monkeypatch)


def test_v14_a_military_representative_sees_what_was_sent_to_his_branch_alone(desk: Desk, tmp_path: Path) -> None:
    cli = desk.cli
    desk.account("milrep", "milrep", "--branch", "海军", clearance="内部")
    cli("report", "draw", "BB", "--period", "2019-03")
    for number, (kind, period, branch) in BRIEFS.items():
        drawn = cli.json("report", "draw", kind, "--period", period, "--branch", branch)
        assert drawn["document"]["document_no"] == number
        cli("report", "review", number, "--by", "示例主任")
        cli("report", "approve", number, "--by", "示例领导")
    sent = [number for number in BRIEFS if number != "KF-BZ-2019-002"]  # approved, and not sent yet
    mail = desk.fill("09A", kept.sample("09A", subject=f"报送 {'、'.join(sent)}"), tmp_path)
    for number in sent:
        cli("report", "issue", number, "--mail", mail)

    listed = [d["document_no"] for d in desk.as_("milrep", "report", "list").json["documents"]]
    assert listed == ["KF-BZ-2019-001", "KF-JB-2019-001"]
    assert desk.as_("milrep", "report", "show", "KF-JB-2019-001").json["document"]["state"] == "issued"

    def figure(number: str, name: str) -> dict[str, Any]:
        (found,) = desk.as_("milrep", "report", "figures", number, "--figure", name).json["figures"]
        return dict(found)

    repairs, information = (
        figure("KF-JB-2019-001", "J01.total.now.repairs"),
        figure("KF-JB-2019-001", "J01.total.now.info"),
    )
    assert (repairs["value"], [r["record_no"] for r in repairs["records"]], repairs["whole"]) == ("1", [kept.C], True)
    assert (information["value"], information["records"], information["whole"]) == ("2", [], False), "01A is not his"
    half = figure("KF-BZ-2019-001", "T07.total.total.reports")
    assert [r["record_no"] for r in half["records"]] == [kept.C]

    never = desk.as_("milrep", "report", "show", "KF-BB-2019-099", ok=False)
    for hidden in (COMPANY, "KF-JB-2019-002", "KF-BZ-2019-002"):
        for command in ("show", "figures"):
            refused = desk.as_("milrep", "report", command, hidden, ok=False)
            assert refused.status == 5
            assert refused.out.replace(hidden, "KF-BB-2019-099") == never.out, "as if it did not exist"


def test_r115_an_answer_names_its_alarm(desk: Desk) -> None:
    for said, told in (("示例", "没有写成"), ("=示例", "没有写成"), ("A9=示例", "没有告警「A9」")):
        refused = desk.cli("report", "draw", "BB", "--period", "2019-03", "--answer-to", said, ok=False)
        assert refused.status == 2 and told in refused.err, said


def test_v14_a_scope_above_the_clearance_is_refused_whatever_records_there_are(desk: Desk, tmp_path: Path) -> None:
    secret = {"secrecy_level": "秘密", "secrecy_period": "10年"}
    desk.fill("01A", kept.information(5, "示例单位五", **secret), tmp_path)
    kinds = desk.cli.root / "forms" / "KF" / "documents.toml"
    text = kinds.read_text(encoding="utf-8")
    assert 'secrecy_level = "内部"' in text
    kinds.write_text(text.replace('secrecy_level = "内部"', 'secrecy_level = "秘密"'), encoding="utf-8")
    desk.account("low", "supervisor", clearance="内部")
    told = [desk.as_("low", "report", "draw", "BB", "--period", period, ok=False) for period in ("2019-03", "2019-08")]
    assert [ran.status for ran in told] == [4, 4]
    assert told[0].json == told[1].json and "涉密等级" in told[0].json["error"]["message"]
    assert "documents" in desk.cli.json("report", "list") and not desk.cli.json("report", "list")["documents"]
    desk.account("high", "supervisor", clearance="秘密")
    drawn = desk.as_("high", "report", "draw", "BB", "--period", "2019-03").json["document"]
    assert (drawn["document_no"], drawn["secrecy_level"]) == (COMPANY, "秘密")
