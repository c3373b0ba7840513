"""Reads series.toml: what a series of forms is."""

from __future__ import annotations

import tomllib
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from qrecords.errors import InvalidInput, Problem
from qrecords.model.series import FormSeries
from qrecords.stores.formfolders import SERIES_FILE
from qrecords.stores.packagedforms import packaged_forms


def read_series(folder: Path) -> FormSeries:
    """Return the series of a folder, which is called by its code; InvalidInput names every entry that is wrong.

    What an older series.toml does not say yet is taken from the one the program comes with.
    """
    path = folder / SERIES_FILE
    data = {"code": folder.name} | _toml(path)
    if "series" in data:  # as the forms were called when there was one series
        data["forms"] = data.pop("series")
    packaged = packaged_forms() / folder.name / SERIES_FILE
    if "pattern" not in data and packaged.is_file():
        data = _toml(packaged) | data
    if data["code"] != folder.name:
        told = f"{path} 里的系列代号是 {data['code']}，文件夹却是 {folder.name}"
        raise InvalidInput(told, remedy="请改成一致")
    try:
        return FormSeries.model_validate(data)
    except ValidationError as error:
        problems = [
            Problem(_told(e["type"], e["msg"]), ".".join(map(str, e["loc"])), source=str(path))
            for e in error.errors(include_url=False)
        ]
        raise InvalidInput(f"{path} 的定义有误", remedy="请按提示修改，或从备份恢复", problems=problems) from None


def _told(kind: str, message: str) -> str:
    return "缺少这一项" if kind == "missing" else message.removeprefix("Value error, ")


def _toml(path: Path | Traversable) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InvalidInput(f"缺少文件 {path}", remedy="请补上，或从备份恢复 forms/ 文件夹") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} 读不出：{error}", remedy="请按 TOML 格式修改，以 UTF-8 保存") from None
