"""What a person should do next, as data: the front end words it, the command line as a command, the desk as a button.

`advise("请用 {} 写明原因", Input.REASON)` is a sentence with places; what goes into them is an action of the office
(`Do.SUBMIT("QR758-02A", Input.MONTH("2026-03"))`), something to give with it (`Input.REASON`), or plain text. What is
not in the two tables here cannot be named; tests/cli/test_no_commands_below_cli.py holds that both front ends word all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum, unique

PLACE = "{}"


@unique
class Do(Enum):
    """What someone can do, by the office's own word for it."""

    RUN = "以服务账号办理"
    INIT = "建立工作区"
    OPEN = "打开工作区"
    STATUS = "工作区概况"
    SHOW_FORMS = "查看表式"
    LIST_FORMS = "表式目录"
    CHECK_FORMS = "检查表式"
    RENEW_FORMS = "更新表式和定义"
    FILL = "填写"
    UPDATE = "续填"
    PRINT = "打印"
    LIST = "台账"
    SHOW = "查看记录"
    SEARCH = "检索"
    REQUIRE = "应有的记录"
    SHOW_TASK = "任务的记录"
    FEEDBACK = "反馈处理表"
    ISSUE = "签发"
    SUBMIT = "提交"
    SIGN = "登记签署"
    ATTACH = "附件"
    SCAN = "收扫描件"
    REVIEW = "审查"
    RETURN = "退回"
    VOID = "作废"
    FILE = "归档"
    IMPORT = "补录"
    CORRECT = "更正"
    COMPILE = "成册"
    LIST_VOLUMES = "已成的册"
    LIST_DUE_UNITS = "到期的册和件"
    HOLD = "冻结"
    LIST_HOLDS = "现有的冻结"
    APPRAISE = "鉴定"
    LIST_DISPOSITIONS = "销毁清册"
    APPROVE_DISPOSITION = "批准销毁"
    WITNESS = "监销"
    WITHDRAW = "撤销"
    DESTROY = "销毁"
    LIST_COPIES = "副本登记"
    APPROVE_COPY = "批准副本"
    ISSUE_COPY = "发出副本"
    ACCOUNTS = "账号管理"
    LIST_ACCOUNTS = "账号"
    SHOW_ACCOUNT = "查看账号"
    RENAME_ACCOUNT = "改姓名"
    SET_PASSWORD = "设置密码"  # noqa: S105 - an action's name
    GRANT = "授予角色"
    SET_CLEARANCE = "涉密等级"
    LOGIN = "登录"
    LOGOUT = "退出登录"
    VERIFY = "检查档案"
    LIST_EVENTS = "日志"
    DECLARE_CLOCK = "声明时钟"
    CLOSE_LOG = "封存日志"
    BACKUP = "备份"
    RESTORE = "从备份恢复"
    MOVE_REGISTER = "搬登记库"
    MOVE_ARCHIVE = "搬档案库"
    EXPORT = "移交"
    REBUILD_INDEX = "重建检索库"
    DRAW_DOCUMENT = "拟制文件"
    LIST_DOCUMENTS = "文件登记"
    SHOW_DOCUMENT = "查看文件"
    REVIEW_DOCUMENT = "审核文件"
    APPROVE_DOCUMENT = "批准文件"
    SIGN_DOCUMENT = "登记文件签署"
    ISSUE_DOCUMENT = "报送文件"
    RECEIVE_DOCUMENT = "登记签收"
    CORRECT_DOCUMENT = "更正文件"

    def __call__(self, *about: object) -> ToDo:
        """Return the action with what it is done to and what is given with it."""
        subjects = tuple(str(a) for a in about if not isinstance(a, (Input, Given)))
        return ToDo(self, subjects, tuple(_given(a) for a in about if isinstance(a, (Input, Given))))


@unique
class Input(Enum):
    """What someone gives with an action, as a form's field would be labelled."""

    ROOT = "工作区"
    ACCOUNT = "账号"
    USER = "系统用户"
    REASON = "原因"
    MONTH = "月份"
    YEAR = "年度"
    FORM = "表式"
    STATE = "状态"
    ON = "日期"
    DUE = "归还日期"
    FROM = "起"
    TO = "止"
    SINCE = "自何日起"
    UNTIL = "至何日止"
    UNIT = "单位"
    BRANCH = "兵种"
    MILREP = "代表室"
    KIND = "种类"
    BY = "签署人"
    FOR = "领用人"
    COUNT = "份数"
    EVIDENCE = "扫描件"
    HASH = "校验码"
    ACTION = "动作"
    CONFIRM = "确认"
    DEEP = "逐字节检查"
    HISTORY = "经过"
    FOLDER = "放到的文件夹"
    FILE_NAME = "文件名"
    REJECTED = "退回表的文件夹"
    ORIGINAL = "原版模板"
    KEEP_GOING = "先办没问题的"
    FILL_GAPS = "缺号登记为空号"
    SAME_AGAIN = "确是两条"
    FURTHER = "是另一个签署"
    WITH_GAPS = "带缺件成册"
    AFTER = "从何处接着列"
    SORT = "排序"
    PORT = "端口"
    HELP = "填法说明"
    PERIOD = "期间"
    ANSWER = "对告警的说明"
    ANSWER_TO = "逐条说明"
    RECIPIENTS = "报送给"
    MAIL = "发件记录"

    def __call__(self, value: object) -> Given:
        """Return the input with the value to give."""
        return Given(self, str(value))


@dataclass(frozen=True, slots=True)
class Given:
    """Something to give with an action; without a value it is only named, or to be ticked."""

    input: Input
    value: str = ""


@dataclass(frozen=True, slots=True)
class ToDo:
    """An action, what it is done to, and what is given with it."""

    do: Do
    about: tuple[str, ...] = ()
    given: tuple[Given, ...] = ()


@dataclass(frozen=True, slots=True)
class Named:
    """An action that is only named, among others that are open."""

    do: Do


Step = ToDo | Given | Named


@dataclass(frozen=True, slots=True)
class Advice:
    """A sentence with places, and what goes into them: at least one of them a step."""

    text: str
    parts: tuple[Step | Advice | str, ...]

    def __post_init__(self) -> None:
        if self.text.count(PLACE) != len(self.parts):
            raise ValueError(f"{self.text!r} has not {len(self.parts)} places")

    def __str__(self) -> str:
        return self.told(office_words, spaced=False)

    def told(self, words: Callable[[Step], str], *, spaced: bool) -> str:
        """Return the sentence with its steps worded; `spaced` keeps the spaces around them, as commands want them."""
        said, *after = self.text.split(PLACE)
        for part, follows in zip(self.parts, after, strict=True):
            if isinstance(part, (str, Advice)):
                said += (part if isinstance(part, str) else part.told(words, spaced=spaced)) + follows
            elif spaced:
                said += words(part) + follows
            else:
                said = said.rstrip(" ") + words(part) + follows.lstrip(" ")
        return said


Sentence = str | Advice


def advise(text: str, *parts: object) -> Sentence:
    """Return a sentence: `text` is written out, with {} where an action, an input, a value or a sentence goes."""
    made = Advice(text, tuple(map(_part, parts)))
    return made if any(not isinstance(part, str) for part in made.parts) else str(made)


def joined(between: str, told: Iterable[object]) -> Sentence:
    """Return several sentences or steps as one sentence."""
    parts = tuple(told)
    return advise(between.join([PLACE] * len(parts)), *parts)


def told_by(sentence: Sentence, words: Callable[[Step], str], *, spaced: bool = False) -> str:
    """Return a sentence as a front end says it."""
    return sentence if isinstance(sentence, str) else sentence.told(words, spaced=spaced)


def asks_for(sentence: Sentence, entry: Input) -> bool:
    """Tell whether a sentence says to give this input."""
    if isinstance(sentence, str):
        return False
    return any(
        asks_for(part, entry) if isinstance(part, Advice) else isinstance(part, Given) and part.input is entry
        for part in sentence.parts
    )


def office_words(step: Step) -> str:
    """Word a step where no front end does, as on paper: by the office's own word."""
    match step:
        case Named(do):
            return do.value
        case ToDo(do):
            return f"「{do.value}」"
        case Given(entry, value):
            return f"「{entry.value}」{value}"


def _given(part: Input | Given) -> Given:
    return Given(part) if isinstance(part, Input) else part


def _part(part: object) -> Step | Advice | str:
    match part:
        case Do():
            return ToDo(part)
        case Input():
            return Given(part)
        case ToDo() | Given() | Named() | Advice():
            return part
    return str(part)
