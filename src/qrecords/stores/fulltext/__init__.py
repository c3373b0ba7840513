"""Full-text search: one interface, one file per engine, generations on disk."""

from __future__ import annotations

from collections.abc import Callable

from qrecords.errors import InvalidInput, MissingProgram
from qrecords.stores.fulltext.interface import Engine


def _tantivy() -> Engine:
    from qrecords.stores.fulltext.tantivy_engine import TantivyEngine

    return TantivyEngine()


def _whoosh() -> Engine:
    from qrecords.stores.fulltext.whoosh_engine import WhooshEngine

    return WhooshEngine()


# Loaded when used: tantivy has no wheel for every processor, and either takes time to import.
ENGINES: dict[str, Callable[[], Engine]] = {"tantivy": _tantivy, "whoosh": _whoosh}


def load_engine(name: str) -> Engine:
    """Return an engine by its name in qrecords.toml."""
    if name not in ENGINES:
        raise InvalidInput(
            f"没有检索引擎「{name}」", remedy=f"请在 qrecords.toml 的 [index] 里写 engine，可用：{'、'.join(ENGINES)}"
        )
    try:
        return ENGINES[name]()
    except ImportError:
        raise MissingProgram(
            f"没有安装检索引擎 {name}",
            remedy=f"请用 pip install {name} 安装，或在 qrecords.toml 的 [index] 里改用 whoosh（任何机器都能用）",
        ) from None
