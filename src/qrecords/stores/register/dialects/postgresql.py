"""The register on a server of PostgreSQL, one database an office; written by one transaction at a time, as a file is.

Whoever writes takes one lock of the database first and sees, statement by statement, all that was committed before:
so counters, the chain of the log and leases follow the same law as in a file. A view is one snapshot and waits for
nobody.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

import sqlalchemy as sa
from pydantic_core import from_json
from sqlalchemy.dialects.postgresql import REGCLASS

from qrecords.errors import IntegrityFailure, QRecordsError, StorageFailure, UsageError, WrongState
from qrecords.stores.register.dialects.engine import ELSEWHERE, SEALED_OFF, WRITES, Busy

# What it warns of, a connection that was lost, we tell ourselves, in words of ours; with --log it is told too.
logging.getLogger("psycopg").addHandler(logging.NullHandler())

BUSY_SECONDS = 30
CONNECT_SECONDS = 10
AT_ONCE = 5  # connections kept open a process: a server has a hundred for all
AT_MOST = 40  # one for each thread of the desk: who holds the lock must never wait for a connection
LOCK = 758_2010  # of the database, held by who writes

# A machine or a server that is cut off is taken as gone after so long, the lock let go; without it a side whose last
# words were not taken sends them again for a quarter of an hour, and asks for no sign of life meanwhile.
_SILENT_MS = 25_000
# Asked for in the first message of a connection: where the tables are, and how soon who is cut off is gone.
_OPTIONS = {
    "search_path": "public",
    "timezone": "UTC",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": str(_SILENT_MS),
}
_LOOK = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_WRITE = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
# Who writes and stands still, asking nothing (its program stopped or frozen, its machine answering), is taken as gone
# after so long: else everyone would wait for it for ever.
STILL_SECONDS = 600

_REFUSE = "BEGIN RAISE EXCEPTION 'audit is append-only'; END"
_FOLLOW = (
    "BEGIN IF NEW.seq IS DISTINCT FROM (SELECT COALESCE(MAX(seq), 0) + 1 FROM public.audit) "
    "OR NEW.prev IS DISTINCT FROM COALESCE((SELECT hash FROM public.audit ORDER BY seq DESC LIMIT 1), repeat('0', 64)) "
    "THEN RAISE EXCEPTION 'audit is append-only'; END IF; RETURN NEW; END"
)
_GUARDS = {
    "audit_no_update": ("BEFORE UPDATE ON audit FOR EACH STATEMENT", _REFUSE),
    "audit_no_delete": ("BEFORE DELETE ON audit FOR EACH STATEMENT", _REFUSE),
    "audit_no_truncate": ("BEFORE TRUNCATE ON audit FOR EACH STATEMENT", _REFUSE),
    "audit_no_replace": ("BEFORE INSERT ON audit FOR EACH ROW", _FOLLOW),
}
_STANDING = """
SELECT t.tgname, p.prosrc FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
WHERE t.tgrelid = 'public.audit'::regclass AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')
"""
# Whoever works in the office may not own its tables: what he may not do himself the owner's function does for him.
_SCRUB = """
CREATE OR REPLACE FUNCTION qrecords_scrub() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE at record;
BEGIN
    FOR at IN SELECT c.conrelid::regclass AS named, i.relname AS keyed
              FROM pg_constraint c JOIN pg_class i ON i.oid = c.conindid
              WHERE c.contype = 'p' AND c.connamespace = 'public'::regnamespace
    LOOP
        EXECUTE 'CLUSTER ' || at.named || ' USING ' || quote_ident(at.keyed);
        EXECUTE 'ANALYZE ' || at.named;  -- what the planner remembers are values too
    END LOOP;
END $$
"""
_UNCHANGEABLE = """
SELECT DISTINCT grantee FROM information_schema.role_table_grants
WHERE table_schema = 'public' AND table_name = 'audit' AND privilege_type IN ('UPDATE', 'DELETE', 'TRUNCATE')
AND grantee <> (SELECT tableowner FROM pg_tables WHERE schemaname = 'public' AND tablename = 'audit')
"""
# Text is compared byte by byte, as the office's numbers and its other register are.
_ORDER = """
SELECT pg_encoding_to_char(encoding), datcollate, 'B' < 'a' AND 'Z' < '_' AND '_' < 'a' AND 'z' < 'é' AND '一' < '丁'
FROM pg_database WHERE datname = current_database()
"""


class PostgresServer:
    """One database of a server."""

    read_only = False

    def __init__(self, url: str) -> None:
        self._url = url_of(url)
        if find_spec("psycopg") is None:
            raise UsageError(
                "登记库在 PostgreSQL 上，而本机没有装它的驱动程序 psycopg",
                remedy='请安装：pip install "qrecords[postgresql]"',
            )

    @property
    def called(self) -> str:
        """Return what people are told of where it is; no password."""
        return self._url.render_as_string(hide_password=True)

    def connected(self) -> sa.Engine:
        """Return the pool of connections."""
        options = {**_OPTIONS, "lock_timeout": f"{int(BUSY_SECONDS * 1000)}ms"}
        return sa.create_engine(
            self._url,
            json_serializer=json.JSONEncoder(ensure_ascii=False).encode,
            json_deserializer=from_json,  # short texts are kept once: a third of the memory of many records
            connect_args={
                "connect_timeout": CONNECT_SECONDS,
                "application_name": "qrecords",
                "options": " ".join(f"-c {name}={value}" for name, value in options.items()),
                "keepalives_idle": 10,
                "keepalives_interval": 5,
                "keepalives_count": 3,
                "tcp_user_timeout": _SILENT_MS,
            },
            isolation_level="AUTOCOMMIT",  # of the driver: we say BEGIN ourselves
            use_native_hstore=False,  # else it is looked for at every start
            pool_size=AT_ONCE,
            max_overflow=AT_MOST - AT_ONCE,
            pool_use_lifo=True,
        )

    def begin(self, connection: sa.Connection, *, writes: bool, waits: bool) -> None:
        """Begin a transaction."""
        if not writes:
            connection.exec_driver_sql(_LOOK)
        elif waits:
            still = f"SET LOCAL idle_in_transaction_session_timeout = {int(STILL_SECONDS * 1000)}"
            connection.exec_driver_sql(f"{_WRITE}; {still}; SELECT pg_advisory_xact_lock({LOCK})")
        else:
            connection.exec_driver_sql(_WRITE)
            if not connection.exec_driver_sql(f"SELECT pg_try_advisory_xact_lock({LOCK})").scalar():
                connection.exec_driver_sql("ROLLBACK")
                raise Busy("登记库正被别的程序占用")

    def require_there(self) -> None:
        """Whether it is there is seen when it is asked."""

    def require_unused(self) -> None:
        """No older program knows servers."""

    def upgraded(self, connection: sa.Connection) -> None:
        """Make sure of the order of text, let nobody but its owner touch the log, and make what scrubs."""
        encoding, collation, is_bytewise = connection.exec_driver_sql(_ORDER).one()
        if encoding != "UTF8" or not is_bytewise:
            raise WrongState(
                f"数据库 {self._url.database} 的编码（{encoding}）或排序规则（{collation}）不合用：文字要按字节排序",
                remedy="请管理员另建：CREATE DATABASE 名称 TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'",
            )
        connection.exec_driver_sql(_SCRUB)
        quoted = connection.dialect.identifier_preparer.quote_identifier
        for grantee in connection.exec_driver_sql(_UNCHANGEABLE).scalars().all():
            who = "PUBLIC" if grantee == "PUBLIC" else quoted(grantee)
            connection.exec_driver_sql(f"REVOKE UPDATE, DELETE, TRUNCATE ON audit FROM {who}")

    def copy_to(self, path: Path) -> bool:
        """Leave it to be done row by row."""
        return False

    def scrub(self, pool: sa.Engine) -> None:
        """Write every table anew; what is in the server's own log of changes goes when it goes on."""
        with pool.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
            connection.exec_driver_sql("SELECT qrecords_scrub()")

    def close(self) -> None:
        """Nothing was made to open it."""

    def own_error(self, error: sa.exc.DBAPIError) -> QRecordsError:
        """Return what an error of the server is to the office."""
        text, state = str(error.orig).strip(), str(getattr(error.orig, "sqlstate", None) or "")
        if SEALED_OFF in text:
            return WrongState(ELSEWHERE[0], remedy=ELSEWHERE[1])
        if state == "55P03":
            return WrongState(
                f"登记库正被别的程序占用，等了{BUSY_SECONDS}秒", remedy="请稍后再试；一直如此请查看谁在用这个办公室"
            )
        if state == "25P03":
            return StorageFailure(
                f"停顿了{STILL_SECONDS / 60:g}分钟，登记库服务器撤销了这一笔", remedy="什么也没有写进，请再做一次"
            )
        if state == "53100":
            return StorageFailure("登记库服务器的磁盘已满，写不进去", remedy="请管理员腾出空间后再试；已写入的没有损坏")
        if state == "42501":
            return StorageFailure(
                f"登记库的账号没有这个权限：{text}",
                remedy="升级后的第一次要由数据库的所有者打开（见 docs/many-machines.md）；平时请管理员按那里的命令授权",
            )
        if state in {"25006", "53300"} or state.startswith("57"):
            return StorageFailure(f"登记库服务器现在不接受：{text}", remedy="请稍后再试；一直如此请管理员查看服务器")
        if isinstance(error, sa.exc.IntegrityError) or state in {"40001", "40P01"}:
            return WrongState(f"同时有两处改动互相冲突：{text}", remedy="请再试一次")
        if "NUL" in text or "\\u0000" in text:
            return WrongState("文字里有空字符（NUL），登记库存不了", remedy="请删去它再试")
        if not state and isinstance(error, sa.exc.OperationalError):
            return _unreachable(error, text, self.called)
        return StorageFailure(f"登记库出错：{text}", remedy="请管理员查看服务器，必要时从备份恢复")

    @staticmethod
    def guard_log(connection: sa.Connection) -> None:
        """Make the triggers of the log, each with its function."""
        for name, (when, body) in _GUARDS.items():
            made = f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $${body}$$"
            connection.exec_driver_sql(made)
            connection.exec_driver_sql(f"CREATE TRIGGER {name} {when} EXECUTE FUNCTION {name}()")

    @staticmethod
    def missing_guards(connection: sa.Connection) -> set[str]:
        """Return the log's triggers that are gone, switched off, or do something else."""
        standing = {(name, body) for name, body in connection.exec_driver_sql(_STANDING)}
        return {name for name, (_, body) in _GUARDS.items() if (name, body) not in standing}

    @staticmethod
    def go_on_numbering(connection: sa.Connection, tables: Iterable[sa.Table]) -> None:
        """Set the sequences behind the rows there are."""
        for table in tables:
            for column in table.primary_key:
                found = sa.func.pg_get_serial_sequence(f"public.{table.name}", column.name)
                if (named := connection.execute(sa.select(found)).scalar()) is None:
                    continue
                if (last := connection.execute(sa.select(sa.func.max(column))).scalar()) is not None:
                    connection.execute(sa.select(sa.func.setval(sa.cast(named, REGCLASS), last)))

    @staticmethod
    def seal_off(connection: sa.Connection, tables: Iterable[sa.Table]) -> None:
        """Refuse every change from here on."""
        connection.exec_driver_sql(
            "CREATE OR REPLACE FUNCTION moved() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$BEGIN RAISE EXCEPTION '{SEALED_OFF}'; END$$"
        )
        for table in tables:
            connection.exec_driver_sql(
                f'CREATE TRIGGER moved BEFORE INSERT OR UPDATE OR DELETE ON "{table.name}" '
                "FOR EACH STATEMENT EXECUTE FUNCTION moved()"
            )


def url_of(text: str) -> sa.URL:
    """Return a URL of a server; UsageError for any other, or one with a password: files are copied, and backed up."""
    try:
        url = sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError):
        url = sa.URL.create("")
    if url.drivername != "postgresql+psycopg" or not url.database:
        raise UsageError(
            "登记库的地址读不出", remedy="请写如 postgresql+psycopg://账号@服务器:5432/数据库；删去即用本工作区的文件"
        )
    if url.password is not None or "password" in url.query:
        raise UsageError(
            "登记库的地址里不要写密码：设置文件会被复制、备份",
            remedy="请删去密码，放进 PGPASSFILE 指的文件（默认 ~/.pgpass，一行：服务器:端口:数据库:账号:密码）",
        )
    return url


def _unreachable(error: sa.exc.DBAPIError, text: str, called: str) -> QRecordsError:
    """Return what a connection that fails, or breaks off, is to the office; the server gives these no code."""
    where = "请核对 qrecords.toml 的 [register] url"
    if "password" in text or "authentication failed" in text:
        return WrongState(
            f"登记库服务器不接受这个账号或密码：{called}",
            remedy="请核对账号，密码放进 PGPASSFILE 指的文件（默认 ~/.pgpass）",
        )
    if "does not exist" in text:
        return IntegrityFailure(
            f"登记库服务器上没有这个数据库或账号：{called}", remedy=f"{where}；数据库丢了请从备份恢复"
        )
    if error.connection_invalidated:
        return StorageFailure(
            "与登记库服务器的连接断了，这一笔可能没有写进", remedy="请先查看现在的状态，再重做这一步；重做不会重号"
        )
    return StorageFailure(
        f"连不上登记库服务器 {called}：{text.splitlines()[0] if text else ''}", remedy=f"请查看服务器和网络；{where}"
    )
