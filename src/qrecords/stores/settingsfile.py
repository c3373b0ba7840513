"""Writes qrecords.toml: a new one, and a changed value in one that people have edited, with all else as it was."""

from __future__ import annotations

from importlib import resources

from qrecords.errors import InvalidInput
from qrecords.settings import FILE_NAME


def new_settings(engine: str, org_name: str) -> str:
    """Return the text of a new qrecords.toml: every setting with its default and what it means."""
    template = (resources.files("qrecords.stores") / "settings_template.toml").read_text(encoding="utf-8")
    return _changed(_changed(template, "index", "engine", engine), "office", "org_name", org_name)


def with_engine(text: str, engine: str) -> str:
    """Return the text of a qrecords.toml with another engine, its comments and layout kept."""
    return _changed(text, "index", "engine", engine)


def with_register(text: str, url: str, register_id: str) -> str:
    """Return the text of a qrecords.toml whose register is elsewhere; "" for both: in the workspace's file."""
    return _changed(_changed(text, "register", "url", url), "register", "id", register_id)


def with_archive(text: str, url: str) -> str:
    """Return the text of a qrecords.toml whose objects and papers are elsewhere; "" = in the workspace's folder."""
    return _changed(text, "archive", "url", url)


def _changed(text: str, section: str, key: str, value: str) -> str:
    import tomlkit  # 20 ms; this module is loaded by every command that opens the office
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(text)
        document.setdefault(section, tomlkit.table())[key] = value
    except (TOMLKitError, TypeError) as error:
        how = f'请自行在 [{section}] 里写 {key} = "{value}"'
        raise InvalidInput(f"{FILE_NAME} 改不了：{error}", remedy=how) from None
    return document.as_string()
