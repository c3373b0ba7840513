"""Reads series.toml: what a series of forms is."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from qrecords.errors import InvalidInput
from qrecords.model.series import FormSeries
from qrecords.stores.definitions import definition_problems, read_definition
from qrecords.stores.formfolders import OFF_FILE, SERIES_FILE
from qrecords.stores.packagedforms import packaged_forms


def read_series(folder: Path) -> FormSeries:
    """Return the series of a folder, which is called by its code; InvalidInput names every entry that is wrong.

    What an older series.toml does not say yet is taken from the one the program comes with.
    """
    path = folder / SERIES_FILE if (folder / SERIES_FILE).exists() else folder / OFF_FILE
    path = path if path.exists() else folder / SERIES_FILE
    data = {"code": folder.name} | read_definition(path)
    if "series" in data:  # as the forms were called when there was one series
        data["forms"] = data.pop("series")
    packaged = packaged_forms() / folder.name / SERIES_FILE
    if "pattern" not in data and packaged.is_file():
        data = read_definition(packaged) | data
    if data["code"] != folder.name:
        told = f"{path} 里的系列代号是 {data['code']}，文件夹却是 {folder.name}"
        raise InvalidInput(told, remedy="请改成一致")
    try:
        return FormSeries.model_validate(data)
    except ValidationError as error:
        problems = definition_problems(path, error)
        raise InvalidInput(f"{path} 的定义有误", remedy="请按提示修改，或从备份恢复", problems=problems) from None
