"""The root of the command line, and the one boundary where errors become output."""

from __future__ import annotations

import logging
import os
import re
import sys
import time
import traceback
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from qrecords import __version__, strict
from qrecords.advice import Sentence
from qrecords.cli import chinese, types
from qrecords.cli.output import emit_error, emit_json, neutralise, say
from qrecords.cli.wording import worded
from qrecords.errors import InvalidInput, QRecordsError, StorageFailure
from qrecords.model.answer import told
from qrecords.model.clock import shown
from qrecords.settings import find_root
from qrecords.stores.durable import failure_of

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from qrecords.office import Office

DEBUG_VARIABLE = "QRECORDS_DEBUG"
INTERRUPTED = 130

COMMANDS = {
    "init": ("qrecords.cli.care:init", "建立工作区"),
    "demo": ("qrecords.cli.care:demo", "建立一个示例办公室，看全程如何运转"),
    "forms": ("qrecords.cli.forms:forms", "表式：目录、栏目、格式、检查、换模板"),
    "fill": ("qrecords.cli.fill:fill", "按输入文件填写表单，生成记录"),
    "update": ("qrecords.cli.fill:update", "续填记录的后续栏目"),
    "customers": ("qrecords.cli.lists:customers", "用户清单：填表时自动带出用户的其余栏目"),
    "products": ("qrecords.cli.lists:products", "产品清单：填表时自动带出产品的其余栏目"),
    "parts": ("qrecords.cli.lists:parts", "备件清单：算下年度备件的建议量用"),
    "print": ("qrecords.cli.print:print_", "打印记录，或登记簿的整月"),
    "list": ("qrecords.cli.find:list_", "列出记录：办到哪一步，该谁办"),
    "show": ("qrecords.cli.find:show", "查看一份记录的全部内容"),
    "search": ("qrecords.cli.find:search", "全文检索"),
    "require": ("qrecords.cli.require:require", "按表1列出一项任务应有的记录"),
    "task": ("qrecords.cli.require:task", "通知单应有、已有、还缺的记录，按期到达率"),
    "due": ("qrecords.cli.due:due", "到期和逾期的事项：什么、谁办、最迟哪天"),
    "report": ("qrecords.cli.report:report", "报表和简报：拟制、审核、批准、报送、签收"),
    "papers": ("qrecords.cli.papers:papers", "随案文件：交接清单、拒收通知、维修情况摘录等"),
    "spares": ("qrecords.cli.spares:spares", "下年度备件的建议量，按维修更换件算"),
    "alike": ("qrecords.cli.alike:alike", "举一反三：同型号同批次的各台，列成改进项"),
    "improve": ("qrecords.cli.improve:improve", "改进线索：不满意、意见、故障、低于目标的，立成改进项"),
    "complaints": ("qrecords.cli.complaints:complaints", "投诉：办结没有、多少天；质量部的检查表"),
    "feedback": ("qrecords.cli.complaints:feedback", "生成交质量部的《用户信息反馈/处理表》"),
    "issue": ("qrecords.cli.steps:issue", "签发售后服务通知单"),
    "submit": ("qrecords.cli.steps:submit", "提交给主管审查"),
    "sign": ("qrecords.cli.steps:sign", "登记纸面上的签名或盖章"),
    "scan": ("qrecords.cli.scan:scan", "扫描件按编码附到记录"),
    "scan-assign": ("qrecords.cli.scan:scan_assign", "把读不出编码的页指给记录"),
    "scan-drop": ("qrecords.cli.scan:scan_drop", "移去不属于任何记录的页"),
    "attach": ("qrecords.cli.scan:attach", "传真件、照片、专题总结等附到记录"),
    "review": ("qrecords.cli.steps:review", "登记主管的审查签名"),
    "return": ("qrecords.cli.steps:return_", "退回改正"),
    "void": ("qrecords.cli.steps:void", "作废，编号保留"),
    "file": ("qrecords.cli.file:file", "编号归档"),
    "import": ("qrecords.cli.importing:import_", "往年的纸质记录连同扫描件补录为已归档"),
    "correct": ("qrecords.cli.correct:correct", "更正已归档的记录：存为新版，原版保留"),
    "compile": ("qrecords.cli.compile:compile_", "年度汇编成册"),
    "volume": ("qrecords.cli.compile:volume", "已成的册：查看、查找、取打印件、核对"),
    "retention": ("qrecords.cli.retention:retention", "保存期限与销毁：到期、冻结、鉴定、清册"),
    "copies": ("qrecords.cli.copies:copies", "受控副本：申请、批准、发出、收回"),
    "accounts": ("qrecords.cli.accounts:accounts", "账号、角色、涉密等级"),
    "login": ("qrecords.cli.accounts:login", "用密码登录"),
    "logout": ("qrecords.cli.accounts:logout", "退出登录"),
    "verify": ("qrecords.cli.care:verify", "检查档案、登记、日志、册是否完好"),
    "audit": ("qrecords.cli.audit:audit", "日志：查阅、核对、导出、封存"),
    "backup": ("qrecords.cli.backup:backup", "备份到另一个文件夹"),
    "export": ("qrecords.cli.handover:export", "移交：把归档件打成可自行核对的包（BagIt）"),
    "rebuild": ("qrecords.cli.backup:rebuild", "登记库没了：从归档对象重建"),
    "restore": ("qrecords.cli.backup:restore", "从备份恢复成新的工作区"),
    "move-register": ("qrecords.cli.backup:move_register", "登记库搬到服务器，或搬回本机的文件"),
    "move-archive": ("qrecords.cli.backup:move_archive", "归档件和扫描件搬到对象存储（S3），或搬回文件夹"),
    "index": ("qrecords.cli.care:index", "检索库：重建、状态"),
    "packs": ("qrecords.cli.packs:packs", "可选部分：台账、答复时限、返厂维修、预备役"),
    "jobs": ("qrecords.cli.jobs:jobs", "工作台上的长活：进度、结果、停下"),
    "worker": ("qrecords.cli.worker:worker", "办长活：在任何一台机器上领取来办"),
    "serve": ("qrecords.cli.serve:serve", "启动工作台：在浏览器里填写、审查、检索"),
    "status": ("qrecords.cli.care:status", "工作区概况"),
}


OS_ERRORS: dict[type[OSError], str] = {
    FileNotFoundError: "文件或文件夹不存在",
    PermissionError: "没有权限",
    IsADirectoryError: "这是文件夹，不是文件",
    NotADirectoryError: "路径里有一段不是文件夹",
}
UNWRITTEN = "请检查输出到的地方还有没有空间；命令本身可能已经办完，先用 qrecords status、list 或 show 核对"


@dataclass
class Session:
    """One run of the command line: where, as whom, and how to answer."""

    root: Path | None
    account: str | None
    as_json: bool

    @cached_property
    def office(self) -> Office:
        """Return the office, opened when first needed."""
        from qrecords.services.administer import open_office

        office = open_office(find_root(self.root), self.account)
        office.words = worded
        return office

    def close(self) -> None:
        """Let go of the office's files, if it was opened."""
        if "office" in self.__dict__:
            self.office.close()

    def when(self, moment: str) -> str:
        """Return a moment of the register as the office's clock shows it."""
        return shown(moment, self.office.settings.zone)

    def answer(
        self, data: Mapping[str, Any] | DataclassInstance, lines: Iterable[Sentence], *, ok: bool = True
    ) -> None:
        """Print the answer of a command, as JSON or as lines."""
        if self.as_json:
            emit_json({"ok": ok, **(data if isinstance(data, Mapping) else told(data))})
        else:
            for line in lines:
                say(line)


@click.group(
    cls=chinese.Group,
    lazy=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="每条命令加 --help 看说明；全程怎么办理见 README.zh-CN.md。",
)
@click.option("--root", type=types.FOLDER, help="工作区文件夹（默认：当前文件夹或其上级）")
@click.option("--account", metavar="账号", help="以哪个账号操作（默认：当前系统用户的账号）")
@click.option("--json", "as_json", is_flag=True, help="输出一个 JSON 对象，供程序读取")
@click.option("--log", is_flag=True, help="每一步在标准错误写一行：时间、编号、账号、做什么、多久")
@click.version_option(__version__, message="qrecords %(version)s", help="显示版本并退出")
@click.pass_context
def app(ctx: click.Context, root: Path | None, account: str | None, as_json: bool, log: bool) -> None:
    """质量记录室：受控表单的填写、归档、检索、成册（QS/PA758A-2010）。"""
    ctx.obj = session = Session(root, account, as_json)
    if log:
        _log_steps(ctx, session)
    ctx.call_on_close(session.close)


def _log_steps(ctx: click.Context, session: Session) -> None:
    """Write a line for each step to standard error, and one for the command itself, until it is done."""
    steps, screen = logging.getLogger("qrecords.steps"), logging.StreamHandler(sys.stderr)
    screen.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    steps.addHandler(screen)
    steps.setLevel(logging.INFO)
    began = time.perf_counter()

    def end() -> None:
        account = session.office.account.name if "office" in session.__dict__ else "-"
        steps.info("- %s %s %.0f ms", account, ctx.invoked_subcommand, (time.perf_counter() - began) * 1e3)
        steps.removeHandler(screen)
        steps.setLevel(logging.NOTSET)

    ctx.call_on_close(end)


pass_session = click.make_pass_decorator(Session)


def run(arguments: list[str] | None = None) -> NoReturn:
    """Run a command line and leave with its exit status."""
    _open_closed_streams()
    os.umask(0o077)  # whatever this run makes, and its programs make, is for who runs it alone
    for stream in (sys.stdout, sys.stderr, sys.stdin):
        # The office's text is Chinese whatever the terminal's locale claims.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    neutralise(sys.stdout)
    neutralise(sys.stderr)
    args = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in args
    if as_json:  # it may stand anywhere: people write it last
        args = ["--json", *(a for a in args if a != "--json")]
    try:
        status = _status(args, as_json=as_json)
    finally:
        strict.end()
    try:
        sys.stdout.flush()  # not at the very end, where nobody could tell of it
    except OSError as error:
        _stop_output()
        status = status or _failed(_unwritten(error), as_json=False)
    sys.exit(status)


def _open_closed_streams() -> None:
    """Put nothing in the place of a stream closed by whoever started us (`>&-`): else the next file opened is in it."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - for good


def _status(args: list[str], *, as_json: bool) -> int:
    try:
        _require_text(args)
        strict.begin()
        chinese.speak()
        _show_callers_paths()
        try:
            returned = app.main(args or ["--help"], prog_name="qrecords", standalone_mode=False)
        finally:
            if strict.RUN.callers is not None:
                strict.RUN.callers.put_all()
        return returned if isinstance(returned, int) else 0
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.UsageError as error:
        return _failed(chinese.usage_error(error), as_json=as_json)
    except QRecordsError as error:
        return _failed(error, as_json=as_json)
    except (KeyboardInterrupt, click.Abort):
        return _failed(Interrupted("已中断", remedy="再运行同一条命令，会接着做完，编号不变"), as_json=as_json)
    except BrokenPipeError:
        # The reader of our output has gone; nothing is wrong with the office.
        _stop_output()
        return 0
    except OSError as error:
        return _failed(_failure(error), as_json=as_json)
    except Exception as error:  # a bug of ours: never a traceback at a clerk
        if isinstance(error, UnicodeEncodeError) and (name := _BYTES.search(error.object)):
            return _failed(_no_text(name[0]), as_json=as_json)  # a name met on the way, inside a folder
        if os.environ.get(DEBUG_VARIABLE):
            traceback.print_exc()
        remedy = f"已写入的数据没有损坏。请设 {DEBUG_VARIABLE}=1 再运行一次，把输出交给维护人员"
        return _failed(InternalError(f"程序内部错误：{type(error).__name__}: {error}", remedy=remedy), as_json=as_json)


# Bytes the system could not read as UTF-8 are handed on as surrogates.
_BYTES = re.compile(r'[^\s"/]*[\udc80-\udcff][^\s"/]*')


def _require_text(args: list[str]) -> None:
    """Refuse arguments that are no text: a name of a file in GBK, a terminal that is set to it."""
    if wrong := next(filter(_BYTES.search, args), None):
        raise _no_text(wrong)


def _no_text(name: str) -> InvalidInput:
    try:
        meant = f"（按 GBK 读是「{os.fsencode(name).decode('gb18030')}」）"
    except UnicodeDecodeError:
        meant = ""
    return InvalidInput(
        f"「{name[:200]}」不是 UTF-8 编码{meant}",
        remedy="文件、文件夹请改名（英文，或在 UTF-8 的系统里重命名）；是在终端上输入的，请把终端的编码设为 UTF-8",
    )


def _show_callers_paths() -> None:
    """Let what is printed on a strict machine name the caller's own paths, not where his files were fetched to."""
    if (callers := strict.RUN.callers) is None:
        return
    for stream in (sys.stdout, sys.stderr):
        plain = stream.write
        stream.write = lambda text, plain=plain: plain(callers.shown(text))  # type: ignore[method-assign]


class InternalError(QRecordsError):
    """A fault of the program itself."""

    code = "internal"


class Interrupted(QRecordsError):
    """The user stopped the command."""

    code = "interrupted"
    exit_status = INTERRUPTED


def _failed(error: QRecordsError, *, as_json: bool) -> int:
    try:
        emit_error(error, as_json=as_json)
    except OSError as unwritten:  # a full disk behind `>`: what can still be told goes to standard error
        _stop_output()
        with suppress(OSError):
            emit_error(error, as_json=False)
            emit_error(_unwritten(unwritten), as_json=False)
    return error.exit_status


def _failure(error: OSError) -> StorageFailure:
    """Return what an error of the disk means that no service has put into words."""
    if (why := OS_ERRORS.get(type(error))) is None:
        return failure_of(error)
    where = f" {error.filename}" if error.filename else ""
    return StorageFailure(f"读写文件失败{where}：{why}", remedy="请检查文件是否存在、权限和磁盘空间")


def _unwritten(error: OSError) -> StorageFailure:
    """Return that the answer itself could not be written."""
    return StorageFailure(f"结果没能写出来：{failure_of(error).message}", remedy=UNWRITTEN)


def _stop_output() -> None:
    """Let nothing more be written to standard output: what is left there would fail again at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
