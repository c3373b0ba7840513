"""The faces a form asks for and those this machine has: aliases for conversion, and characters nobody can print.

Word's Chinese faces are seldom installed beside LibreOffice; a name it cannot find costs five times the time and may
print in any face. Without fontconfig (Windows, macOS) the system chooses by itself and nothing here applies.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from functools import lru_cache
from html import escape
from pathlib import Path

from qrecords.errors import MissingProgram

_SONG = ("宋体", "SimSun", "新宋体", "NSimSun")
_HEI = ("黑体", "SimHei", "微软雅黑", "Microsoft YaHei", "等线", "DengXian")
_FANG = ("仿宋", "FangSong", "仿宋_GB2312", "FangSong_GB2312")
_KAI = ("楷体", "KaiTi", "楷体_GB2312", "KaiTi_GB2312")
_SERIF = ("Noto Serif CJK SC", "Source Han Serif SC", "Source Han Serif CN", "思源宋体", "AR PL UMing CN")
_SANS = ("Noto Sans CJK SC", "Source Han Sans SC", "Source Han Sans CN", "思源黑体", "WenQuanYi Zen Hei")
_FANG_LIKE = ("FZFangSong-Z02", "方正仿宋_GBK", "cwTeX 仿宋體")
_KAI_LIKE = ("FZKai-Z03", "方正楷体_GBK", "AR PL UKai CN", "AR PL KaitiM GB")

HEI_FACES = (*_HEI, *_SANS, *_SERIF)  # what stands for hei, the best first

# What a document asks for, and in which order installed faces stand in for it: its own kind, then song, then hei.
STAND_INS = (
    (_SONG, (*_SONG, *_SERIF, *_SANS)),
    (_HEI, HEI_FACES),
    (_FANG, (*_FANG, *_FANG_LIKE, *_SERIF, *_SANS)),
    (_KAI, (*_KAI, *_KAI_LIKE, *_SERIF, *_SANS)),
)
_SYSTEM_FILES = ("/etc/fonts/fonts.conf", "/usr/local/etc/fonts/fonts.conf", "/usr/share/defaults/fonts/fonts.conf")
# Where there is no fontconfig: Windows, macOS.
_KNOWN_FILES = (
    "C:/Windows/Fonts/simhei.ttf", "C:/Windows/Fonts/msyh.ttc", "C:/Windows/Fonts/Deng.ttf",
    "/System/Library/Fonts/Hiragino Sans GB.ttc", "/System/Library/Fonts/STHeiti Medium.ttc",
)  # fmt: skip
_SECONDS = 60
_REMEDY = (
    "请安装一套中文字体：Debian、Ubuntu、统信用 apt install fonts-noto-cjk；"
    "Fedora、RHEL、麒麟用 dnf install google-noto-serif-cjk-fonts google-noto-sans-cjk-fonts"
)


def fontconfig_file(folder: Path) -> Path | None:
    """Write the aliases into a folder and return the file for FONTCONFIG_FILE; None where there is no fontconfig."""
    if not _fc_list_program():
        return None
    own = os.environ.get("FONTCONFIG_FILE")
    includes = (own,) if own else _SYSTEM_FILES
    lines = ['<?xml version="1.0"?>', '<!DOCTYPE fontconfig SYSTEM "fonts.dtd">', "<fontconfig>"]
    lines += [f'<include ignore_missing="yes">{escape(path, quote=False)}</include>' for path in includes]
    for asked, stand_ins in STAND_INS:
        for name in asked:
            others = "".join(f"<family>{s}</family>" for s in stand_ins if s != name)
            lines.append(f'<alias binding="same"><family>{name}</family><accept>{others}</accept></alias>')
    path = folder / "fonts.conf"
    path.write_text("\n".join([*lines, "</fontconfig>", ""]), encoding="utf-8")
    return path


@lru_cache(maxsize=1)  # of what is there: what is missing is asked for again
def require_chinese_face() -> None:
    """Raise MissingProgram when no installed font has Chinese characters; without fontconfig do nothing."""
    if _fc_list_program() and not _families(":lang=zh-cn"):
        raise MissingProgram("本机没有中文字体，印出的表会是空框", remedy=_REMEDY)


def uncovered(text: str) -> list[str]:
    """Return the characters no installed font has, once each; those of GBK are in every Chinese font."""
    if _in_gbk(text):
        return []
    return [c for c in dict.fromkeys(text) if not (c.isspace() or _in_gbk(c) or _covered(c))]


def _in_gbk(text: str) -> bool:
    try:
        text.encode("gbk")
    except UnicodeEncodeError:
        return False
    return True


@lru_cache(maxsize=4096)
def _covered(char: str) -> bool:
    return not _fc_list_program() or bool(_families(f":charset={ord(char):x}"))


@lru_cache(maxsize=1)
def _fc_list_program() -> str | None:
    return shutil.which("fc-list")


@lru_cache(maxsize=1)
def hei_file() -> Path:
    """Return the file of the best face that stands for hei; MissingProgram when this machine has none."""
    if not _fc_list_program():
        files = [path for path in map(Path, _KNOWN_FILES) if path.is_file()]
    else:
        files = [path for face in HEI_FACES if (path := _file(f"{_escaped(face)}:weight=80"))]
        files = files or [path for path in [_file(":lang=zh-cn")] if path]
    if not files:
        raise MissingProgram("本机没有中文字体，图上的字会是空框", remedy=_REMEDY)
    return files[0]


@lru_cache(maxsize=256)
def file_with(char: str) -> Path | None:
    """Return a font file that has a character, the same one each time; None when there is none, or no fontconfig."""
    return _file(f":charset={ord(char):x}") if _fc_list_program() else None


def _file(pattern: str) -> Path | None:
    lines = sorted((_listed(pattern, "file") or "").splitlines())
    return Path(lines[0].strip().removesuffix(":")) if lines else None


def _families(pattern: str) -> str:
    """Return the families of a pattern; a failing fontconfig counts as one that has everything."""
    listed = _listed(pattern, "family")
    return "unknown" if listed is None else listed


def _listed(pattern: str, what: str) -> str | None:
    """Return what `fc-list` lists for a pattern, None when it fails."""
    try:
        done = subprocess.run(
            [_fc_list_program() or "fc-list", pattern, what], capture_output=True, timeout=_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace").strip()


def missing_faces(names: Iterable[str]) -> dict[str, str]:
    """Return the faces this machine lacks, each with the one that stands in for it, or an empty string."""
    if not _fc_list_program():
        return {}
    return {name: _stand_in(name) for name in names if not _installed(name)}


def _stand_in(name: str) -> str:
    candidates = next((others for asked, others in STAND_INS if name in asked), ())
    return next((face for face in candidates if _installed(face)), "")


@lru_cache(maxsize=256)
def _installed(name: str) -> bool:
    return bool(_families(_escaped(name)))


def _escaped(name: str) -> str:
    """Return a name without what means something in a fontconfig pattern."""
    return "".join(f"\\{c}" if c in "\\-:,=" else c for c in name)
