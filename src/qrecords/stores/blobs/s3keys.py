"""Who we are to an S3 store: from the environment, or the files every S3 program reads; never from qrecords.toml."""

from __future__ import annotations

import configparser
import os
from dataclasses import dataclass, field
from pathlib import Path

from qrecords.errors import StorageFailure

REMEDY = "请核对 AWS_ACCESS_KEY_ID、AWS_SECRET_ACCESS_KEY，或 ~/.aws/credentials（AWS_PROFILE 指明哪一节）"


@dataclass(frozen=True, slots=True)
class Keys:
    """A key of a store with its secret, the token of a passing one, and the region requests are signed for."""

    access: str
    secret: str = field(repr=False)
    token: str = field(repr=False, default="")
    region: str = "us-east-1"


def keys() -> Keys:
    """Return the keys of whoever runs this; StorageFailure when there are none."""
    access, secret = os.environ.get("AWS_ACCESS_KEY_ID", ""), os.environ.get("AWS_SECRET_ACCESS_KEY", "")
    token = os.environ.get("AWS_SESSION_TOKEN", "")
    if not (access and secret):
        found = _section("AWS_SHARED_CREDENTIALS_FILE", "credentials", _profile())
        access, secret = found.get("aws_access_key_id", ""), found.get("aws_secret_access_key", "")
        token = found.get("aws_session_token", "")
    if not (access and secret):
        raise StorageFailure("没有找到对象存储的账号", remedy=REMEDY)
    return Keys(access, secret, token, region())


def region() -> str:
    """Return the region requests are signed for; servers of one's own take any."""
    named = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    return named or _config().get("region", "") or "us-east-1"


def endpoint() -> str:
    """Return the server when the settings name none: that of the environment or the files, else AWS's own."""
    named = (os.environ.get(name) for name in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"))
    own = next((one for one in named if one), "") or _config().get("endpoint_url", "")
    return own or f"https://s3.{region()}.amazonaws.com"


def _profile() -> str:
    return os.environ.get("AWS_PROFILE") or "default"


def _config() -> dict[str, str]:
    profile = _profile()
    return _section("AWS_CONFIG_FILE", "config", profile if profile == "default" else f"profile {profile}")


def _section(variable: str, name: str, section: str) -> dict[str, str]:
    path = Path(os.environ.get(variable) or Path.home() / ".aws" / name)
    parser = configparser.RawConfigParser()
    try:
        parser.read(path, encoding="utf-8")
        return dict(parser[section]) if parser.has_section(section) else {}
    except (configparser.Error, OSError, UnicodeDecodeError):
        raise StorageFailure(f"{path} 读不出", remedy=REMEDY) from None
