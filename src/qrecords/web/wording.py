"""How the desk names what someone should do next: by its page or button, and the label of a field."""

from __future__ import annotations

from qrecords.advice import Do, Given, Named, Sentence, Step, ToDo, told_by

PAGES = {
    Do.LIST: "「台账」",
    Do.SHOW: "这份记录的页面",
    Do.SEARCH: "「检索」",
    Do.PRINT: "「打印」",
    Do.ATTACH: "「附件、副本」",
    Do.SIGN: "「登记签名」",
    Do.FILL: "「填写」",
    Do.UPDATE: "「续填」",
    Do.CORRECT: "「更正」",
    Do.REQUIRE: "「填写」里的「应填哪些表」",
    Do.SHOW_TASK: "通知单的页面",
    Do.FEEDBACK: "「附件、副本」里的反馈表",
    Do.ISSUE: "「签发」",
    Do.SUBMIT: "「提交」",
    Do.REVIEW: "「审查」",
    Do.RETURN: "「退回」",
    Do.VOID: "「作废」",
    Do.FILE: "「归档」",
    Do.SCAN: "「扫描」",
    Do.ACCOUNTS: "「管理」里的账号",
    Do.LIST_ACCOUNTS: "「管理」里的账号",
    Do.SHOW_ACCOUNT: "「管理」里的账号",
    Do.RENAME_ACCOUNT: "「管理」里账号的「改姓名」",
    Do.GRANT: "「管理」里账号的「授予」",
    Do.SET_CLEARANCE: "「管理」里账号的「涉密等级」",
    Do.LIST_FORMS: "「管理」里的表式",
    Do.SHOW_FORMS: "「管理」里的表式",
    Do.CHECK_FORMS: "「管理」里表式的「只检查」",
    Do.RENEW_FORMS: "命令行的表式更新（由管这台机器的人做）",
    Do.LIST_EVENTS: "「管理」里的日志",
    Do.CLOSE_LOG: "日志页面上的「封存」",
    Do.DRAW_DOCUMENT: "「报表」里的拟制",
    Do.LIST_DOCUMENTS: "「报表」",
    Do.SHOW_DOCUMENT: "「报表」里这份文件",
    Do.REVIEW_DOCUMENT: "文件页面上的「登记审核」",
    Do.APPROVE_DOCUMENT: "文件页面上的「登记批准」",
    Do.SIGN_DOCUMENT: "文件页面上的登记签署",
    Do.ISSUE_DOCUMENT: "文件页面上的「登记报送」",
    Do.RECEIVE_DOCUMENT: "文件页面上的「登记签收」",
    Do.CORRECT_DOCUMENT: "文件页面上的「更正」",
    Do.COMPILE: "「档案架」里的成册",
    Do.LIST_VOLUMES: "「档案架」",
    Do.LIST_DUE_UNITS: "「保管」",
    Do.HOLD: "「保管」里的冻结",
    Do.LIST_HOLDS: "「保管」里的冻结",
    Do.APPRAISE: "「保管」里的鉴定",
    Do.LIST_DISPOSITIONS: "「保管」里的销毁清册",
    Do.APPROVE_DISPOSITION: "清册页面上的「批准」",
    Do.WITNESS: "清册页面上的「监销」",
    Do.WITHDRAW: "清册页面上的「撤销」",
    Do.DESTROY: "清册页面上的「执行销毁」",
    Do.LIST_COPIES: "「副本」",
    Do.APPROVE_COPY: "「副本」里的批准",
    Do.ISSUE_COPY: "「副本」里的发出",
    Do.VERIFY: "「长活」里的检查档案",
    Do.BACKUP: "「长活」里的备份",
    Do.REBUILD_INDEX: "「长活」里的重建检索库",
    Do.SET_PASSWORD: "登录页的「修改密码」",
}
ELSEWHERE = "命令行的"  # what the desk has no page for


def worded(sentence: Sentence) -> str:
    """Return a sentence as the desk says it."""
    return told_by(sentence, _words)


def _words(step: Step) -> str:
    match step:
        case Named(do):
            return PAGES.get(do) or f"{ELSEWHERE}「{do.value}」"
        case ToDo(do):
            return PAGES.get(do) or f"{ELSEWHERE}「{do.value}」"
        case Given(entry, value):
            return f"「{entry.value}」{value}"
