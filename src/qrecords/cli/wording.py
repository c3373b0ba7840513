"""How the command line names what someone should do next: as the command to run, or the option to write."""

from __future__ import annotations

from typing import Any

from qrecords.advice import Do, Given, Input, Named, Sentence, Step, ToDo, told_by
from qrecords.errors import Problem, QRecordsError

PROGRAM = "qrecords"

# Do.RUN and Do.OPEN are whatever one wants to do.
COMMANDS = {
    Do.INIT: "init",
    Do.STATUS: "status",
    Do.SHOW_FORMS: "forms show",
    Do.LIST_FORMS: "forms list",
    Do.CHECK_FORMS: "forms check",
    Do.RENEW_FORMS: "forms renew",
    Do.FILL: "fill",
    Do.UPDATE: "update",
    Do.PRINT: "print",
    Do.LIST: "list",
    Do.SHOW: "show",
    Do.SEARCH: "search",
    Do.REQUIRE: "require",
    Do.SHOW_TASK: "task show",
    Do.FEEDBACK: "feedback",
    Do.ISSUE: "issue",
    Do.SUBMIT: "submit",
    Do.SIGN: "sign",
    Do.ATTACH: "attach",
    Do.SCAN: "scan",
    Do.REVIEW: "review",
    Do.RETURN: "return",
    Do.VOID: "void",
    Do.FILE: "file",
    Do.IMPORT: "import",
    Do.CORRECT: "correct",
    Do.COMPILE: "compile",
    Do.LIST_VOLUMES: "volume list",
    Do.LIST_DUE_UNITS: "retention due",
    Do.HOLD: "retention hold",
    Do.LIST_HOLDS: "retention holds",
    Do.APPRAISE: "retention appraise",
    Do.LIST_DISPOSITIONS: "retention lists",
    Do.APPROVE_DISPOSITION: "retention approve",
    Do.WITNESS: "retention witness",
    Do.WITHDRAW: "retention withdraw",
    Do.DESTROY: "retention destroy",
    Do.LIST_COPIES: "copies list",
    Do.APPROVE_COPY: "copies approve",
    Do.ISSUE_COPY: "copies issue",
    Do.ACCOUNTS: "accounts",
    Do.LIST_ACCOUNTS: "accounts list",
    Do.SHOW_ACCOUNT: "accounts show",
    Do.RENAME_ACCOUNT: "accounts rename",
    Do.SET_PASSWORD: "accounts passwd",
    Do.GRANT: "accounts grant",
    Do.SET_CLEARANCE: "accounts clearance",
    Do.LOGIN: "login",
    Do.LOGOUT: "logout",
    Do.VERIFY: "verify",
    Do.LIST_EVENTS: "audit list",
    Do.DECLARE_CLOCK: "audit clock",
    Do.CLOSE_LOG: "audit close",
    Do.BACKUP: "backup",
    Do.RESTORE: "restore",
    Do.MOVE_REGISTER: "move-register",
    Do.MOVE_ARCHIVE: "move-archive",
    Do.EXPORT: "export",
    Do.REBUILD_INDEX: "index rebuild",
    Do.DRAW_DOCUMENT: "report draw",
    Do.LIST_DOCUMENTS: "report list",
    Do.SHOW_DOCUMENT: "report show",
    Do.REVIEW_DOCUMENT: "report review",
    Do.APPROVE_DOCUMENT: "report approve",
    Do.SIGN_DOCUMENT: "report sign",
    Do.ISSUE_DOCUMENT: "report issue",
    Do.RECEIVE_DOCUMENT: "report receipt",
    Do.CORRECT_DOCUMENT: "report correct",
}

# Written before the command.
OF_THE_OFFICE = {Input.ROOT: "--root", Input.ACCOUNT: "--account"}
OPTIONS = OF_THE_OFFICE | {
    Input.USER: "--user",
    Input.REASON: "--reason",
    Input.MONTH: "--month",
    Input.YEAR: "--year",
    Input.FORM: "--form",
    Input.STATE: "--state",
    Input.ON: "--on",
    Input.DUE: "--due",
    Input.FROM: "--from",
    Input.TO: "--to",
    Input.RECIPIENTS: "--to",
    Input.MAIL: "--mail",
    Input.SINCE: "--since",
    Input.UNTIL: "--until",
    Input.UNIT: "--unit",
    Input.BRANCH: "--branch",
    Input.MILREP: "--office",
    Input.KIND: "--kind",
    Input.BY: "--by",
    Input.FOR: "--for",
    Input.COUNT: "--count",
    Input.EVIDENCE: "--evidence",
    Input.HASH: "--hash",
    Input.ACTION: "--action",
    Input.CONFIRM: "--confirm",
    Input.DEEP: "--deep",
    Input.HISTORY: "--history",
    Input.FOLDER: "--out",
    Input.FILE_NAME: "-o",
    Input.REJECTED: "--rejected",
    Input.ORIGINAL: "--original",
    Input.KEEP_GOING: "--keep-going",
    Input.FILL_GAPS: "--fill-gaps",
    Input.SAME_AGAIN: "--same-again",
    Input.FURTHER: "--further",
    Input.WITH_GAPS: "--with-gaps",
    Input.AFTER: "--after",
    Input.SORT: "--sort",
    Input.PORT: "--port",
    Input.HELP: "--help",
    Input.PERIOD: "--period",
    Input.ANSWER: "--answer",
    Input.ANSWER_TO: "--answer-to",
}


def worded(sentence: Sentence) -> str:
    """Return a sentence as the command line says it."""
    return told_by(sentence, _words, spaced=True)


def error_json(error: QRecordsError) -> dict[str, Any]:
    """Return the `error` object of a JSON answer."""
    return {
        "code": error.code,
        "message": worded(error.message),
        "remedy": worded(error.remedy),
        "problems": [problem_json(p) for p in error.problems],
    }


def problem_json(problem: Problem) -> dict[str, Any]:
    """Return a problem as it stands in a JSON answer."""
    message = worded(problem.message)
    return {"message": message, "field": problem.field, "row": problem.row, "source": problem.source}


def _words(step: Step) -> str:
    match step:
        case Named(do):
            return f"{do.value}（{COMMANDS[do].split()[-1]}）"
        case Given():
            return _option(step)
        case ToDo(Do.RUN):
            return f"sudo {PROGRAM} …（不写 -u）"
        case ToDo(do, about, given):
            before = [_option(g) for g in given if g.input in OF_THE_OFFICE]
            after = [_option(g) for g in given if g.input not in OF_THE_OFFICE]
            return " ".join([PROGRAM, *before, COMMANDS.get(do, "…"), *about, *after])


def _option(given: Given) -> str:
    return " ".join(filter(None, (OPTIONS[given.input], given.value)))
