"""`fill` and `update` on a terminal without an input file: asked field by field, through a real terminal (pty)."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from qrecords.cli.output import progress
from qrecords.model.form import Form
from qrecords.office import Office
from qrecords.services.intake.asking import is_asked, offers, read_answer, to_fill, to_update
from qrecords.services.intake.fill import fill
from qrecords.stores.given import on_disk
from tests.conftest import CommandLine

on_posix = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX")
PATIENCE = 60  # seconds; the machine may be slow


# A test run in the background hands down that Ctrl-C is ignored; on a terminal it never is.
HEARING = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from qrecords.cli import main; main()"
)


class Terminal:
    """A command running on a terminal of its own: what it shows, and lines typed into it."""

    def __init__(self, process: subprocess.Popen[bytes], main: int) -> None:
        self.process, self._main = process, main
        self.shown = ""
        self._bytes = b""
        self._seen = 0

    def expect(self, text: str) -> None:
        """Wait until the terminal has shown a text, after what was waited for before."""
        until = time.monotonic() + PATIENCE
        while text not in self.shown[self._seen :]:
            assert time.monotonic() < until, f"never asked for {text!r}: {self.shown}"
            assert self._read(), f"ended before {text!r}: {self.shown}"
        self._seen = self.shown.index(text, self._seen) + len(text)

    def answer(self, prompt: str, line: str) -> None:
        self.expect(prompt)
        self.expect("：")
        os.write(self._main, f"{line}\n".encode())

    def interrupt(self) -> int:
        """Press Ctrl-C until the program ends, as a person would; returns its status."""
        for _ in range(10):
            self.process.send_signal(signal.SIGINT)
            try:
                return self.process.wait(PATIENCE / 10)
            except subprocess.TimeoutExpired:
                continue
        raise AssertionError(f"does not end: {self.shown}")

    def end(self) -> int:
        while self._read():
            pass
        return self.process.wait(PATIENCE)

    def rest(self) -> str:
        """Return all that was shown, once the program has ended."""
        while self._read():
            pass
        return self.shown

    def _read(self) -> bool:
        ready, _, _ = select.select([self._main], [], [], PATIENCE)
        try:
            data = os.read(self._main, 65536) if ready else b""
        except OSError:  # Linux's way to say that the other side is closed
            data = b""
        self._bytes += data
        self.shown = self._bytes.decode("utf-8", "ignore").replace("\r\n", "\n")
        return bool(data)


@contextmanager
def terminal(root: Path, *words: object) -> Iterator[Terminal]:
    import pty
    import termios

    main, other = pty.openpty()
    settings = termios.tcgetattr(other)
    settings[3] &= ~termios.ECHO  # only what the program says
    termios.tcsetattr(other, termios.TCSANOW, settings)
    command = [sys.executable, "-c", HEARING, "--root", str(root), *map(str, words)]
    process = subprocess.Popen(command, stdin=other, stdout=other, stderr=other, start_new_session=True)
    os.close(other)
    try:
        yield Terminal(process, main)
    finally:
        process.kill()
        process.wait()
        os.close(main)


def answers_to(form: Form, values: dict[str, Any], office: Office) -> list[tuple[str, str]]:
    """Return (prompt, line) for every question of a form's first stage."""
    written = {key: value if not isinstance(value, bool) else "是" for key, value in values.items()}
    return [(f.label, str(written.get(f.key, ""))) for f in to_fill(office, form) if is_asked(form, f, values)]


@on_posix
def test_a_record_is_asked_for_field_by_field(
    cli: CommandLine, office: Office, sample: Callable[..., Any], write: Callable[..., Path]
) -> None:
    form = office.forms.get("03A").form
    values = sample("03A", linked_record=None)
    # The customer's last record brings the contact along.
    fill(office, "03A", [on_disk(write(sample("03A", contact_person="示例老联系人", linked_record=None)))])
    with terminal(cli.root, "fill", "03A") as screen:
        for label, line in answers_to(form, values, office):
            if label == form.label("contact_person"):
                screen.answer(f"{label}［示例老联系人］", "")
            elif label == form.label("direction"):
                screen.expect("1 收  2 发")
                screen.answer(label, "5")
                screen.expect("✗")
                screen.answer(label, "2")
            else:
                screen.answer(label, line)
        screen.expect("对方单位")
        screen.expect("示例单位一")
        screen.answer("保存吗", str(1 + [f.key for f in to_fill(office, form)].index("fax_number")))
        screen.answer(form.label("fax_number"), "000-99999999")
        screen.answer("保存吗", "")
        assert screen.end() == 0
        assert "QR758-03A-2025-00002" in screen.shown
    shown = cli.json("show", "QR758-03A-2025-00002")["record"]["values"]
    assert shown["contact_person"] == "示例老联系人"
    assert shown["fax_number"] == "000-99999999"
    assert shown["direction"] == "发"
    assert list((office.papers.drafts / "answers").iterdir()) == [], "the answers have become a record"


@on_posix
def test_what_the_form_misses_is_asked_again(cli: CommandLine, office: Office, sample: Callable[..., Any]) -> None:
    form = office.forms.get("03A").form
    with terminal(cli.root, "fill", "03A") as screen:
        for label, line in answers_to(form, sample("03A", linked_record=None), office):
            screen.answer(label, "2009-01-01 10:00" if label == form.label("fax_at") else line)
        screen.expect("早于 QR758-03A 的启用日期")
        screen.answer(f"{form.label('fax_at')}*［2009-01-01 10:00］", "2025-03-03 15:05")
        screen.answer("保存吗", "否")
        assert screen.end() == 130
    assert cli.json("list", "--all")["records"] == []
    assert list((office.papers.drafts / "answers").iterdir()) == []


@on_posix
def test_rows_are_asked_line_by_line_and_a_stop_keeps_the_answers(cli: CommandLine, office: Office) -> None:
    form = office.forms.get("04A").form
    with terminal(cli.root, "fill", "04A") as screen:
        given: dict[str, Any] = {}
        for field in to_fill(office, form):
            if not is_asked(form, field, given):
                continue
            if field.key == "products":
                screen.expect("逐行填写")
                screen.answer("第1行 产品名称", "示例电台")
                screen.expect("第1行 型号")
                screen.expect("：")
                status = screen.interrupt()
                told = screen.rest().replace("\n", "")
                break
            line = {"date": "2025-03-03", "enum": "1", "multi": "1 2"}.get(field.type.value, "示例")
            screen.answer(field.label, line)
            given[field.key] = read_answer(field, line)
    (kept,) = (office.papers.drafts / "answers").iterdir()
    assert f"留在 {kept}" in told
    assert yaml.safe_load(kept.read_text(encoding="utf-8"))["issued_on"] == "2025-03-03"
    assert status in {130, -signal.SIGINT}
    assert cli.json("list", "--all")["records"] == []


@on_posix
def test_update_asks_for_what_is_still_open(
    cli: CommandLine, office: Office, sample: Callable[..., Any], write: Callable[..., Path]
) -> None:
    values = sample("02A", handling_result=None, closed_on=None, linked_record=None)
    fill(office, "02A", [on_disk(write(values))])
    with terminal(cli.root, "update", "QR758-02A-2025-00001") as screen:
        answers = {"handling_result": "示例结果", "closed_on": "2025-03-07"}
        for field in to_update(office, "QR758-02A-2025-00001")[2]:
            screen.answer(field.label, answers.get(field.key, ""))
        screen.answer("保存吗", "")
        assert screen.end() == 0
    shown = cli.json("show", "QR758-02A-2025-00001")["record"]["values"]
    assert (shown["handling_result"], shown["closed_on"]) == ("示例结果", "2025-03-07")


def test_where_nobody_can_answer_the_input_file_is_asked_for(cli: CommandLine) -> None:
    refused = cli("fill", "03A", ok=False)
    assert refused.status == 2
    assert "缺少 输入文件" in refused.err


def test_the_same_words_asked_twice_are_two_records(office: Office, sample: Callable[..., Any]) -> None:
    from qrecords.services.intake.asking import keep_answers

    answers = sample("03A", linked_record=None)
    asked = [keep_answers(office, "03A", answers) for _ in range(2)]
    made = [fill(office, "03A", [kept.file], same_again=True).records[0].record_no for kept in asked]
    assert made == ["QR758-03A-2025-00001", "QR758-03A-2025-00002"]


def test_a_void_record_offers_nothing(office: Office, sample: Callable[..., Any], write: Callable[..., Path]) -> None:
    from qrecords.services.steps import void

    form = office.forms.get("03A").form
    number = fill(office, "03A", [on_disk(write(sample("03A", linked_record=None)))]).records[0].record_no
    unit = {"customer_unit": sample("03A")["customer_unit"]}
    assert offers(office, form, unit)["contact_person"] == sample("03A")["contact_person"]
    assert "subject" not in offers(office, form, unit), "only what belongs to the customer"
    void(office, [number], reason="示例")
    assert "contact_person" not in offers(office, form, unit)


@pytest.mark.parametrize(
    ("key", "answer", "value"),
    [
        ("service_category", "2", "返厂维修"),
        ("service_category", "返厂维修", "返厂维修"),
        ("support_checks", "1 3", ["连接电缆", "通电联试"]),
        ("support_checks", "天线、3", ["天线", "通电联试"]),
        ("finished_on", "2025年3月4日", "2025-03-04"),
        ("work_hours", "９小时", "9"),
        ("open_issues", "-", None),
        ("open_issues", "", None),
    ],
)
def test_answers_are_understood(office: Office, key: str, answer: str, value: Any) -> None:
    assert read_answer(office.forms.get("06A").form.by_key[key], answer) == value


@pytest.mark.parametrize(
    ("key", "answer"), [("service_category", "9"), ("finished_on", "昨天"), ("work_hours", "很久")]
)
def test_answers_that_make_no_sense_are_refused(office: Office, key: str, answer: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read_answer(office.forms.get("06A").form.by_key[key], answer)


# Progress


@pytest.mark.parametrize("tty", [True, False])
def test_long_work_shows_rate_and_time_left_on_a_terminal_only(tty: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.openpty() if tty else os.pipe()
    monkeypatch.setattr(sys, "stderr", os.fdopen(write, "w", encoding="utf-8"))
    with progress("填写", "份") as at:
        at(1, 10)
        time.sleep(1.1)  # shorter work shows nothing
        at(5, 10)
    os.set_blocking(read, False)
    if not tty:
        with pytest.raises(BlockingIOError):
            os.read(read, 1)
        return
    shown = os.read(read, 10_000).decode()
    assert "填写" in shown
    assert "5/10" in shown
    assert re.search(r"\d+:\d+<\d+:\d+", shown), "time spent and time left"
    assert re.search(r"份/s|s/份", shown), "the rate"


def test_what_has_nothing_to_do_with_a_record_is_not_asked(office: Office) -> None:
    form = office.forms.get("06A").form
    asked = {
        f.key
        for f in to_fill(office, form)
        if is_asked(form, f, {"performed_by": "客户服务中心", "service_category": "培训"})
    }
    assert not {"performing_unit", "fault_cause", "support_checks", "intake_record_no"} & asked
    assert {"notice_no", "training_hours", "customer_unit"} <= asked
    asked = {
        f.key
        for f in to_fill(office, form)
        if is_asked(form, f, {"performed_by": "相关单位", "service_category": "返厂维修"})
    }
    assert {"performing_unit", "fault_cause", "intake_record_no"} <= asked
    assert is_asked(form, form.by_key["performing_unit"], {}), "while nobody has said whose it is"


def test_the_number_comes_before_what_the_list_knows_of_it(office: Office) -> None:
    from qrecords.model.lists import PRODUCTS
    from qrecords.services.intake.lists import add_entry

    form = office.forms.get("06A").form
    keys = [f.key for f in to_fill(office, form)]
    assert keys[0] == "customer_unit"
    assert keys.index("serial_no") < min(keys.index(k) for k in ("product_name", "product_model", "contract_no"))
    add_entry(office, PRODUCTS, {"出厂编号": "S1", "型号": "XH-1", "产品名称": "示例产品"})
    offered = offers(office, form, {"serial_no": "S1"})
    assert (offered["product_model"], offered["product_name"]) == ("XH-1", "示例产品")
