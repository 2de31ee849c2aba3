#!/bin/sh
# Makes .venv here with bgsub in it; "sh install.sh dev" adds what tests and checks need.
# Works with nothing but Python 3.11+ and pip; PYTHON names another interpreter than python3.
set -eu
cd "$(dirname "$0")"
python=${PYTHON:-python3}

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "install.sh: bgsub needs Python 3.11 or newer; set PYTHON to one." >&2
    exit 1
fi
if ! "$python" -m pip --version >/dev/null 2>&1; then
    echo "install.sh: pip is missing; on Debian and Ubuntu: apt-get install python3-pip" >&2
    exit 1
fi

# Debian ships venv without its own pip unless python3-venv is installed, so the pip that is
# there installs into the new environment from outside.
[ -x .venv/bin/python ] || "$python" -m venv --without-pip .venv
case "${1:-}" in
    dev) "$python" -m pip --python .venv install --quiet --editable '.[dev]' ;;
    *) "$python" -m pip --python .venv install --quiet . ;;
esac

# OpenCV's wheel expects these libraries of any desktop; a bare server lacks them.
if ! .venv/bin/python -c 'import cv2' 2>/dev/null && command -v apt-get >/dev/null; then
    root=''
    [ "$(id -u)" -eq 0 ] || root=sudo
    echo "install.sh: installing the system libraries that OpenCV needs ..." >&2
    $root apt-get update -qq
    $root apt-get install -y -qq --no-install-recommends libgl1 libglib2.0-0 >/dev/null
fi
.venv/bin/bgsub --version
