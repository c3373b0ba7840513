"""Accounts, passwords, logins: who acts, and that no secret is anywhere it should not be."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from qrecords.acting import STRANGERS, authenticate
from qrecords.errors import NotPermitted
from qrecords.intake.viewer import open_with_viewer
from qrecords.model.access import Account
from qrecords.office import Office
from qrecords.services.access import login as logins
from qrecords.services.access.accounts import add
from qrecords.settings import AccessSettings
from qrecords.stores import secrets
from qrecords.stores.register import Register
from qrecords.stores.register.logintries import Tries
from qrecords.strict import RUN, Callers, Run, Strict
from tests.conftest import NOW, CommandLine

PASSWORD, SECOND = "示例Sample-2026", "Another-示例-77"
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="modes and uids are POSIX")


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep tokens away from the home folder, and argon2 short."""
    from argon2 import PasswordHasher

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "state"))
    monkeypatch.setattr(secrets, "_hasher", lambda: PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    secrets._nobody.cache_clear()
    for name in ("QRECORDS_PASSWORD", "QRECORDS_NEW_PASSWORD", "SUDO_UID"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "state"


@pytest.fixture
def clerk(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """Return a workspace with an account `clerk1` that has a password of its own."""
    cli("accounts", "add", "clerk1", "--name", "示例员工一")
    cli("accounts", "grant", "clerk1", "clerk")
    monkeypatch.setenv("QRECORDS_NEW_PASSWORD", PASSWORD)
    cli("accounts", "passwd", "clerk1", "--reset")
    monkeypatch.setenv("QRECORDS_PASSWORD", PASSWORD)
    monkeypatch.setenv("QRECORDS_NEW_PASSWORD", SECOND)
    cli("accounts", "passwd", "clerk1")
    monkeypatch.delenv("QRECORDS_NEW_PASSWORD")
    monkeypatch.setenv("QRECORDS_PASSWORD", SECOND)
    return cli


def acting(cli: CommandLine) -> str:
    return str(cli.json("status")["account"])


def test_init_and_go(cli: CommandLine) -> None:
    """One desk is as easy as ever: no password, no login, every right."""
    (account,) = cli.json("accounts", "list")["accounts"]
    assert [r["role"] for r in account["roles"]] == ["desk"]
    assert (account["password"], account["clearance"]) == (False, "机密")
    assert cli.json("status")["separation"] == "single-desk"


def test_login_acts_until_logout(clerk: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = acting(clerk)
    told = clerk("login", "clerk1").out
    monkeypatch.delenv("QRECORDS_PASSWORD")
    assert "示例员工一" in told and SECOND not in told
    assert acting(clerk) == "clerk1"
    assert clerk("accounts", "list", ok=False).status == 4
    assert clerk.json("accounts", "show")["account"]["name"] == "clerk1"
    assert clerk("--account", desk, "status").status == 0, "the person at the desk is still known by his uid"
    clerk("logout")
    assert acting(clerk) == desk
    assert clerk("logout").out.strip() == "没有登录"


def test_one_command_with_a_password_leaves_no_login(clerk: CommandLine, own_state: Path) -> None:
    assert clerk.json("--account", "clerk1", "status")["account"] == "clerk1"
    assert not list(own_state.rglob("*.token"))


def test_who_is_not_logged_in_is_told_how(clerk: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QRECORDS_PASSWORD")
    refused = clerk("--account", "clerk1", "status", ok=False)
    assert refused.status == 4 and "login" in refused.err
    monkeypatch.setattr("qrecords.acting.peer_uid", lambda: "4711")
    assert "4711" in clerk("status", ok=False).err


@POSIX
def test_a_forged_user_variable_changes_nothing(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    before = acting(cli)
    for name in ("USER", "LOGNAME", "USERNAME", "SUDO_USER", "SUDO_UID"):
        monkeypatch.setenv(name, "4711" if name == "SUDO_UID" else "somebody")
    assert acting(cli) == before


@POSIX
def test_the_token_is_in_a_file_only_its_holder_can_read(clerk: CommandLine, own_state: Path) -> None:
    clerk("login", "clerk1")
    (path,) = own_state.rglob("*.token")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    token = path.read_text(encoding="ascii")
    assert token.encode() not in (clerk.root / "archive" / "register.sqlite").read_bytes()
    path.chmod(0o644)
    assert "别人也能读写" in clerk("status", ok=False).err
    path.chmod(0o600)
    assert acting(clerk) == "clerk1"
    aside = path.rename(path.with_suffix(".aside"))
    path.symlink_to(aside)
    assert "别人也能读写" in clerk("status", ok=False).err


def test_a_wrong_or_ended_token_acts_for_nobody(clerk: CommandLine, own_state: Path) -> None:
    clerk("login", "clerk1")
    (path,) = own_state.rglob("*.token")
    kept = path.read_text(encoding="ascii")
    path.write_text(kept[:-1] + ("A" if kept[-1] != "A" else "B"), encoding="ascii")
    assert clerk("status", ok=False).status == 4
    path.write_text(kept, encoding="ascii")
    clerk("logout")
    path.write_text(kept, encoding="ascii")
    path.chmod(0o600)
    assert clerk("status", ok=False).status == 4, "a login that was ended cannot be laid back"


def test_a_login_ends(office: Office) -> None:
    with_password(office)
    root = office.settings.root
    logins.login(root, "clerk1", SECOND, clock=lambda: NOW)
    hours = office.settings.access.session_hours
    with closing(Office.open(root, clock=lambda: NOW + timedelta(hours=hours, seconds=-1))) as opened:
        assert opened.account.name == "clerk1"
    with pytest.raises(NotPermitted, match="过期"):
        Office.open(root, clock=lambda: NOW + timedelta(hours=hours))


def with_password(office: Office, name: str = "clerk1") -> None:
    add(office, name, display_name=f"示例员工{name}")
    logins.set_password(office, name, PASSWORD)
    logins.change_password(office.settings.root, name, PASSWORD, SECOND, clock=lambda: NOW)


def test_repeated_failures_lock_longer_each_time(office: Office) -> None:
    with_password(office)
    rules, register = office.settings.access, office.register

    def tried(password: str, after: timedelta) -> bool:
        try:
            authenticate(register, rules, "clerk1", password, NOW + after)
        except NotPermitted:
            return False
        return True

    for _ in range(rules.failures_before_lock):
        assert not tried("wrong", timedelta())
    assert not tried(SECOND, timedelta(seconds=59)), "locked for a minute, also for the right password"
    assert not tried("wrong", timedelta(seconds=61))
    assert not tried(SECOND, timedelta(seconds=61 + 119)), "then for two"
    assert tried(SECOND, timedelta(seconds=61 + 121))
    for _ in range(rules.failures_before_lock - 1):
        assert not tried("wrong", timedelta(hours=1))
    assert tried(SECOND, timedelta(hours=1)), "a right password begins the count anew"


def test_a_lock_never_outlasts_a_day(office: Office) -> None:
    with_password(office)
    with office.register.write() as tx:
        tx.login_tries.put(Tries("clerk1", "", failures=10_000, succeeded_at="x"))
    with pytest.raises(NotPermitted):
        authenticate(office.register, office.settings.access, "clerk1", "wrong", NOW)
    with pytest.raises(NotPermitted):
        authenticate(office.register, office.settings.access, "clerk1", SECOND, NOW + timedelta(hours=23, minutes=59))
    assert authenticate(office.register, office.settings.access, "clerk1", SECOND, NOW + timedelta(hours=24, seconds=1))


def test_a_stranger_shuts_out_himself_and_guessing_from_many_places_is_hopeless(office: Office) -> None:
    with_password(office)
    rules, register = office.settings.access, office.register

    def tried(password: str, origin: str, minutes: float = 0) -> bool:
        moment = NOW + timedelta(minutes=minutes)
        try:
            authenticate(register, rules, "clerk1", password, moment, origin=origin)
        except NotPermitted:
            return False
        return True

    assert tried(SECOND, "address/192.0.2.1")
    for _ in range(50):
        assert not tried("wrong", "address/198.51.100.1")
    assert not tried(SECOND, "address/198.51.100.1"), "locked, whatever is tried"
    assert tried(SECOND, "address/192.0.2.1"), "where the right password came from before, nobody else shuts out"
    assert tried(SECOND, "address/192.0.2.77"), "nor elsewhere after so few tries"
    # A thousand addresses: after so many tries one a minute is looked at, in all.
    looked_at = 0
    for n in range(300):
        with register.read() as tx:
            before = tx.accounts.password("clerk1")
        assert not tried("wrong", f"address/203.0.113.{n}")
        with register.read() as tx:
            after = tx.accounts.password("clerk1")
        looked_at += before != after
    assert looked_at == STRANGERS * rules.failures_before_lock
    assert not tried(SECOND, "address/198.51.100.9")
    assert tried(SECOND, "address/192.0.2.1")
    assert tried(SECOND, "address/198.51.100.9", minutes=rules.lock_minutes + 0.1)


def test_a_new_password_ends_every_lock(office: Office) -> None:
    with_password(office)
    for _ in range(office.settings.access.failures_before_lock):
        with pytest.raises(NotPermitted):
            authenticate(office.register, office.settings.access, "clerk1", "wrong", NOW, origin="address/192.0.2.1")
    logins.set_password(office, "clerk1", PASSWORD)
    assert authenticate(
        office.register, office.settings.access, "clerk1", PASSWORD, NOW, origin="address/192.0.2.1", expired_too=True
    )


def test_unknown_wrong_and_locked_get_one_answer(clerk: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QRECORDS_PASSWORD", "Wrong-password-1")
    answers = {clerk("login", "clerk1", ok=False).err for _ in range(7)} | {clerk("login", "nobody", ok=False).err}
    assert len(answers) == 1
    assert clerk("login", "nobody", ok=False).status == 4


def test_an_account_without_a_password_is_not_let_in_by_any(office: Office) -> None:
    add(office, "clerk1")
    for password in ("", "x", "None"):
        with pytest.raises(NotPermitted):
            authenticate(office.register, office.settings.access, "clerk1", password, NOW)


def test_a_password_must_be_changed_when_set_by_another_or_old(office: Office) -> None:
    add(office, "clerk1")
    logins.set_password(office, "clerk1", PASSWORD)
    root = office.settings.root
    with pytest.raises(NotPermitted, match="先修改"):
        logins.login(root, "clerk1", PASSWORD, clock=lambda: NOW)
    logins.change_password(root, "clerk1", PASSWORD, SECOND, clock=lambda: NOW)
    days = office.settings.access.password_max_days
    for later, allowed in ((days, True), (days + 1, False)):
        clock = lambda later=later: NOW + timedelta(days=later)  # noqa: E731
        if allowed:
            assert logins.login(root, "clerk1", SECOND, clock=clock)[0].name == "clerk1"
        else:
            with pytest.raises(NotPermitted, match="先修改"):
                logins.login(root, "clerk1", SECOND, clock=clock)


@pytest.mark.parametrize(
    ("password", "told"),
    [
        ("Short-1", "至少要10个字"),
        ("alllowercaseletters", "至少要有3类"),
        ("Clerk1-and-more-7", "不能含有账号"),
        ("Aa1" + "x" * 300, "最多256个字"),
        ("Aa1-\x07-bell-bell", "控制字符"),
    ],
)
def test_a_weak_password_is_told_what_it_lacks(password: str, told: str) -> None:
    account = Account("clerk1", "示例员工一", None)
    problems = logins.password_problems(AccessSettings(), account, password)
    assert any(told in p.message for p in problems)
    assert all(password not in p.message for p in problems)
    assert logins.password_problems(AccessSettings(), account, PASSWORD) == []


def test_a_disabled_or_expired_account_is_out_at_once(clerk: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = acting(clerk)
    clerk("login", "clerk1")
    monkeypatch.delenv("QRECORDS_PASSWORD")
    clerk("--account", desk, "accounts", "disable", "clerk1")
    assert clerk("status", ok=False).status == 4
    clerk("logout")
    monkeypatch.setenv("QRECORDS_PASSWORD", SECOND)
    assert "停用" in clerk("login", "clerk1", ok=False).err
    clerk("accounts", "enable", "clerk1")
    clerk("login", "clerk1")
    clerk("logout")
    clerk("accounts", "add", "old1", "--until", "2020-01-01", "--user", "4712")
    monkeypatch.setattr("qrecords.acting.peer_uid", lambda: "4712")
    monkeypatch.delenv("QRECORDS_PASSWORD")
    assert "到期" in clerk("status", ok=False).err


def test_nobody_grants_to_himself_and_the_three_stay_apart(cli: CommandLine) -> None:
    desk = acting(cli)
    assert cli("accounts", "grant", desk, "supervisor", ok=False).status == 4
    assert cli("accounts", "clearance", desk, "公开", ok=False).status == 4
    assert cli("accounts", "revoke", desk, "desk", ok=False).status == 4
    assert cli("accounts", "disable", desk, ok=False).status == 4
    cli("accounts", "add", "one")
    cli("accounts", "grant", "one", "sysadmin")
    for role in ("secadmin", "auditor", "supervisor", "desk"):
        refused = cli("accounts", "grant", "one", role, ok=False)
        assert refused.status == 4 and "三员" in refused.err
    cli("accounts", "revoke", "one", "sysadmin")
    cli("accounts", "grant", "one", "supervisor")
    assert cli("accounts", "grant", "one", "auditor", ok=False).status == 4
    history = cli.json("accounts", "show", "one")["account"]["history"]
    assert [(h["role"], bool(h["revoked_at"])) for h in history] == [("sysadmin", True), ("supervisor", False)]


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (["grant", "one", "boss"], 5, "可用"),
        (["grant", "nobody", "clerk"], 5, "没有账号"),
        (["grant", "one", "unit"], 2, "--unit"),
        (["grant", "one", "reader"], 2, "--until"),
        (["grant", "one", "clerk", "--since", "2026-02-01", "--until", "2026-01-01"], 2, "截止日"),
        (["grant", "one", "clerk", "--until", "2020-01-01"], 2, "截止日 2020-01-01 已经过了"),
        (["grant", "one", "clerk", "--branch", "火星军"], 2, "没有用户类别/兵种「火星军」"),
        (["revoke", "one", "clerk"], 5, "没有角色"),
        (["add", "one"], 6, "已经有了"),
        (["add", "two", "--name", "示例一"], 6, "加部门"),
        (["add", "x y"], 3, "账号名"),
        (["clearance", "one", "绝密"], 2, "绝密"),
        (["show", "nobody"], 5, "没有账号"),
    ],
)
def test_what_cannot_be_done_is_told(cli: CommandLine, words: list[str], status: int, told: str) -> None:
    cli("accounts", "add", "one", "--name", "示例一")
    refused = cli("accounts", *words, ok=False)
    assert (refused.status, told in refused.err) == (status, True), refused.err


def test_no_secret_is_in_the_log_the_register_or_the_answers(
    clerk: CommandLine, own_state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = [clerk("login", "clerk1").out]
    (path,) = own_state.rglob("*.token")
    token = path.read_text(encoding="ascii")
    clerk("logout")
    monkeypatch.setenv("QRECORDS_PASSWORD", "Wrong-password-1")
    said.append(clerk("login", SECOND, ok=False).err)  # the password where the account should be
    said += [clerk("audit", "list", "--limit", "100", "--json").out, clerk("accounts", "list", "--json").out]
    kept = b"".join(p.read_bytes() for p in (clerk.root / "archive").rglob("*") if p.is_file())
    for secret in (PASSWORD, SECOND, token, "Wrong-password-1"):
        assert secret.encode() not in kept
        assert all(secret not in text for text in said)
    assert "$argon2" not in "".join(said)
    events = clerk.json("audit", "list", "--limit", "100")["events"]
    logged = [
        (e["action"], e["account"], e["outcome"]) for e in events if e["action"] in {"login", "logout", "password"}
    ]
    assert ("login", "clerk1", "done") in logged
    assert ("login", "unknown", "refused") in logged
    assert ("logout", "clerk1", "done") in logged
    assert any(action == "password" for action, *_ in logged)


@POSIX
def test_no_option_takes_a_password(cli: CommandLine) -> None:
    """What stands on the command line, every user of the machine can read in the list of processes."""
    for command in (["login"], ["accounts", "passwd"], ["accounts", "add"]):
        text = cli(*command, "--help").out
        assert "--password" not in text
    asked = cli("login", "someone", ok=False)
    assert asked.status == 2 and "QRECORDS_PASSWORD" in asked.err


def test_passwords_are_kept_as_argon2id(office: Office) -> None:
    with_password(office)
    with office.register.read() as tx:
        known = tx.accounts.password("clerk1")
    assert known is not None and known.hash.startswith("$argon2id$")


def test_secrets_are_compared_in_constant_time(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tokens meet hmac.compare_digest, passwords argon2's own verify; an unknown account costs a verify too."""
    import qrecords.acting as acting_module

    with_password(office)
    compared: list[str] = []
    real = acting_module.hmac.compare_digest
    monkeypatch.setattr(acting_module.hmac, "compare_digest", lambda a, b: compared.append("x") or real(a, b))
    logins.login(office.settings.root, "clerk1", SECOND, clock=lambda: NOW)
    with closing(Office.open(office.settings.root, clock=lambda: NOW)):
        pass
    assert compared
    hashed: list[str] = []
    fits = secrets._hasher
    monkeypatch.setattr(secrets, "_hasher", lambda: hashed.append("x") or fits())
    with pytest.raises(NotPermitted):
        authenticate(office.register, office.settings.access, "nobody", "x", NOW)
    assert hashed


# Strict


class ThisProcess(Callers):
    """The caller's files where he and the program are one process: what sudo does is shown in test_strict.py."""

    def local(self, path: Path | str, use: str = "fetch", *, beside: bool = False) -> Path:
        return Path(path)

    def close(self) -> None:
        pass


def called_by(root: Path, uid: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the next commands be those of a strict machine, called by this uid."""

    def begin() -> Run:
        RUN.strict, RUN.callers = Strict(root.resolve()), ThisProcess(cast("Any", None), uid, "/", root / "nothing")
        return RUN

    monkeypatch.setattr("qrecords.strict.begin", begin)


@pytest.fixture
def strict(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], CommandLine]:
    """Return a workspace in strict mode with the three administrators and two supervisors, by caller."""
    people = {"sys": "9001", "sec": "9002", "aud": "9003", "boss": "9004", "boss2": "9005", "writer": "9006"}
    roles = {"sys": "sysadmin", "sec": "secadmin", "aud": "auditor", "boss": "supervisor", "boss2": "supervisor"}
    for name, uid in people.items():
        cli("accounts", "add", name, "--user", uid)
        if name in roles:
            cli("accounts", "grant", name, roles[name])
    cli("accounts", "grant", "writer", "clerk")
    settings = cli.root / "qrecords.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace('separation = "single-desk"', 'separation = "strict"'), encoding="utf-8")

    def as_caller(name: str) -> CommandLine:
        called_by(cli.root, int(people.get(name, name)), monkeypatch)
        return cli

    return as_caller


@POSIX
def test_strict_runs_for_the_caller_of_sudo(strict: Callable[[str], CommandLine]) -> None:
    for name in ("sys", "sec", "aud", "boss"):
        found = strict(name).json("status")
        assert (found["account"], found["separation"]) == (name, "strict")
        assert "三员分立" in strict(name)("status").out
    assert strict("9999")("status", ok=False).status == 4


@POSIX
@pytest.mark.parametrize("uid", ["9001", "0", "", "x", "own"])
def test_strict_is_not_entered_without_sudo(
    strict: Callable[[str], CommandLine], monkeypatch: pytest.MonkeyPatch, uid: str
) -> None:
    cli = strict("sys")
    monkeypatch.setattr("qrecords.strict.begin", lambda: RUN)
    monkeypatch.setenv("SUDO_UID", str(os.getuid()) if uid == "own" else uid)
    refused = cli("status", ok=False)
    assert refused.status == 4 and "sudo qrecords" in refused.err


@POSIX
@pytest.mark.parametrize("name", ["", "qrecords.toml", "access.toml", "forms", "indexes", "archive", "forms/QR758"])
def test_strict_refuses_a_place_open_to_others(strict: Callable[[str], CommandLine], name: str) -> None:
    cli = strict("sys")
    place = cli.root / name
    mode = stat.S_IMODE(place.stat().st_mode)
    for wrong in (mode | 0o040, mode | 0o002):
        place.chmod(wrong)
        refused = cli("status", ok=False)
        assert refused.status == 4 and "chmod 700" in refused.err and str(place) in refused.err + refused.out
    place.chmod(mode)
    if os.geteuid() == 0:
        os.chown(place, 12345, 12345)
        assert "不属于服务账号" in cli("status", ok=False).err
        os.chown(place, 0, 0)
    if name in {"qrecords.toml", "forms/QR758"}:
        place.rename(aside := cli.root.parent / "aside")
        place.symlink_to(aside)
        assert "是链接" in cli("status", ok=False).err


@POSIX
def test_no_viewer_runs_as_the_service_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QRECORDS_VIEWER", "/bin/true")
    open_with_viewer(tmp_path)
    monkeypatch.setattr(RUN, "strict", Strict(tmp_path))
    with pytest.raises(NotPermitted, match="看文件的程序"):
        open_with_viewer(tmp_path)


@POSIX
def test_a_strict_machine_has_one_workspace(strict: Callable[[str], CommandLine], tmp_path: Path) -> None:
    cli = strict("sys")
    new, kept = tmp_path / "new", tmp_path / "kept"
    for words in [["init", new], ["demo"], ["rebuild"], ["backup", kept], ["restore", kept, new]]:
        line = CommandLine(new, cli._capsys) if words[0] in {"init", "demo"} else cli
        refused = line(*words, ok=False)
        assert refused.status == 4 and "三员分立" in refused.err, words
    assert "只有一个工作区" in CommandLine(new, cli._capsys)("status", ok=False).err
    assert not new.exists() and not kept.exists()


@POSIX
def test_strict_waits_for_the_three(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    cli("accounts", "add", "one", "--user", "9001")
    (cli.root / "qrecords.toml").write_text('[access]\nseparation = "strict"\n', encoding="utf-8")
    called_by(cli.root, 9001, monkeypatch)
    refused = cli("status", ok=False)
    assert refused.status == 6 and all(role in refused.err for role in ("sysadmin", "secadmin", "auditor"))


@POSIX
def test_each_of_the_three_has_his_own_and_reads_no_record(
    strict: Callable[[str], CommandLine], sample: Callable[..., Any], write: Callable[..., Path]
) -> None:
    strict("writer")("fill", "02A", write(sample("02A")))
    number = "QR758-02A-2025-00001"
    for name in ("sys", "sec", "aud"):
        assert strict(name)("show", number, ok=False).status == 5
        assert strict(name).json("status")["records"] == {}
    assert strict("sys")("accounts", "grant", "boss", "archivist", ok=False).status == 4
    assert strict("sec")("accounts", "add", "x", ok=False).status == 4
    assert strict("sec")("audit", "list", ok=False).status == 4
    assert strict("sys")("audit", "list", ok=False).status == 4
    assert strict("aud")("accounts", "disable", "boss", ok=False).status == 4
    assert strict("aud")("audit", "list").status == 0
    assert strict("aud")("accounts", "list").status == 0
    assert strict("sec")("accounts", "revoke", "aud", "auditor", ok=False).status == 6, "the last auditor stays"
    assert strict("sec")("accounts", "grant", "boss", "desk", ok=False).status == 4


@POSIX
def test_four_eyes_in_strict(
    strict: Callable[[str], CommandLine], sample: Callable[..., Any], write: Callable[..., Path]
) -> None:
    number = "QR758-10A-2025-00001"
    strict("sec")("accounts", "grant", "boss", "clerk")
    strict("boss")("fill", "10A", write(sample("10A")))
    strict("boss")("submit", number)
    refused = strict("boss")("review", number, "--on", "2025-12-31", ok=False)
    assert refused.status == 4 and "四眼" in refused.err
    strict("boss2")("review", number, "--on", "2025-12-31")


@POSIX
def test_four_eyes_count_who_went_on_filling(
    strict: Callable[[str], CommandLine], sample: Callable[..., Any], write: Callable[..., Path]
) -> None:
    number = "QR758-02A-2025-00001"
    strict("sec")("accounts", "grant", "boss", "clerk")
    strict("writer")("fill", "02A", write(sample("02A", handling_result=None, closed_on=None)))
    strict("boss")(
        "update", number, write({k: v for k, v in sample("02A").items() if k in {"handling_result", "closed_on"}})
    )
    strict("writer")("submit", number)
    assert "四眼" in strict("boss")("review", number, ok=False).err
    strict("boss2")("review", number)


@POSIX
def test_a_change_of_the_roles_is_an_event(cli: CommandLine) -> None:
    path = cli.root / "access.toml"
    path.write_text(
        path.read_text(encoding="utf-8") + "\n[roles.guest]\nrights = [{ actions = ['read'], forms = ['04A'] }]\n",
        encoding="utf-8",
    )
    cli("status")
    cli("status")
    (event,) = cli.json("audit", "list", "--object", "access.toml")["events"]
    assert event["detail"]["before"] and len(event["detail"]["sha256"]) == 64
    path.write_text("[roles.guest]\nrights = [{ actions = ['rread'] }]\n", encoding="utf-8")
    refused = cli("status", ok=False)
    assert refused.status == 3 and "rread" in refused.err


@POSIX
def test_two_guessers_at_once_are_counted_both(office: Office) -> None:
    """A try is counted before it is looked at."""
    with_password(office)
    guess = (
        "import sys\nfrom pathlib import Path\nfrom datetime import datetime\n"
        "from qrecords.acting import STRANGERS, authenticate\nfrom qrecords.settings import AccessSettings\n"
        "from qrecords.stores.register import Register\nfrom qrecords.errors import NotPermitted\n"
        "register = Register.open(Path(sys.argv[1]))\n"
        "for n in range(2):\n"
        "    try:\n        authenticate(register, AccessSettings(failures_before_lock=100), 'clerk1', 'x', datetime.now().astimezone())\n"
        "    except NotPermitted:\n        pass\n"
        "register.close()\n"
    )
    runs = [subprocess.Popen([sys.executable, "-c", guess, str(office.register.path)]) for _ in range(2)]
    assert [run.wait() for run in runs] == [0, 0]
    with closing(Register.open(office.register.path)) as register, register.read() as tx:
        known = tx.accounts.password("clerk1")
    assert known is not None and known.failures == 4
