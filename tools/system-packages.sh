#!/bin/sh
# Installs the programs outside Python that qrecords needs, where apt is there and they are missing;
# elsewhere says exactly what to install. Arguments: python | office | checks | judges | servers, one or several.
set -eu

missing=""
for group in "$@"; do
    case "$group" in
    python)
        python3 -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv"
        ;;
    office)
        command -v soffice >/dev/null 2>&1 || missing="$missing libreoffice-writer-nogui"
        [ -n "$(fc-list :lang=zh-cn family 2>/dev/null | head -n 1)" ] || missing="$missing fontconfig fonts-noto-cjk"
        ;;
    checks)
        command -v pdftotext >/dev/null 2>&1 || missing="$missing poppler-utils"
        command -v qpdf >/dev/null 2>&1 || missing="$missing qpdf"
        ;;
    judges) # from outside, for some tests alone: a browser, a spreadsheet, other users
        command -v chromium >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1 || missing="$missing chromium"
        [ -n "$(find /usr/lib/libreoffice /usr/lib64/libreoffice /opt -name 'libsclo.so' 2>/dev/null | head -n 1)" ] || missing="$missing libreoffice-calc-nogui"
        command -v sudo >/dev/null 2>&1 || missing="$missing sudo"
        ;;
    servers) # the tests start and stop them themselves
        ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null 2>&1 || missing="$missing postgresql"
        ;;
    esac
done

[ -z "$missing" ] && exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    cat >&2 <<TEXT
Please install first (Debian names):$missing
  Fedora:   sudo dnf install libreoffice-writer google-noto-serif-cjk-fonts google-noto-sans-cjk-fonts libreoffice-calc poppler-utils qpdf chromium postgresql-server
  macOS:    brew install --cask libreoffice font-noto-serif-cjk-sc font-noto-sans-cjk-sc; brew install poppler qpdf postgresql; brew install --cask chromium
  Windows:  install LibreOffice from libreoffice.org; the fonts SimSun and SimHei come with Windows
TEXT
    exit 1
fi

as_root=""
if [ "$(id -u)" -ne 0 ]; then
    as_root="sudo"
    command -v sudo >/dev/null 2>&1 || {
        echo "Please run as root: apt-get install$missing" >&2
        exit 1
    }
fi
echo "Installing:$missing"
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq
# shellcheck disable=SC2086
$as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
