#!/bin/sh
# Makes the virtual environment in the folder $1, with pip in it, from any Python 3.11 or newer.
#
# Debian splits ensurepip off into python3-venv. Where that is missing, pip comes from a package that apt checks against
# its signed indexes: installed by root, else fetched and unpacked without root. Nothing unchecked is ever run.
set -eu
venv=$1
oldest='import sys; sys.exit(sys.version_info < (3, 11))'

find_python() {
  for name in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
    if command -v "$name" >/dev/null 2>&1 && "$name" -c "$oldest" 2>/dev/null; then
      command -v "$name"
      return
    fi
  done
  cat >&2 <<'TEXT'
error: no Python 3.11 or newer on PATH
  Bartizan needs one to run. On Debian 12 or newer: apt-get install python3
  Somewhere else: make up PYTHON=/path/to/python3.11
TEXT
  exit 1
}

with_foreign_pip() { # $@: how to call a pip that is not in the virtual environment
  "$python" -m venv --without-pip "$venv"
  "$@" --quiet --python "$venv/bin/python" install --no-index --find-links "$wheels" pip
}

python=$(find_python)
if "$python" -c 'import ensurepip' 2>/dev/null; then
  exec "$python" -m venv "$venv"
fi

version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
echo "This Python has no ensurepip: taking pip from Debian's packages" >&2
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq || true
  if apt-get install -y -qq --no-install-recommends "python$version-venv" >/dev/null; then
    exec "$python" -m venv "$venv"
  fi
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
if (cd "$scratch" && apt-get download -qq python3-pip-whl && dpkg-deb -x python3-pip-whl_*.deb .) >/dev/null 2>&1; then
  wheels=$scratch/usr/share/python-wheels
  for wheel in "$wheels"/pip-*.whl; do
    with_foreign_pip env PYTHONPATH="$wheel" "$python" -m pip
    exit 0
  done
fi
cat >&2 <<TEXT
error: $python cannot make virtual environments: its ensurepip module is missing
  It could not be had from Debian's packages either (no root, or no package lists).
  Install it and run make again: apt-get install python$version-venv
TEXT
exit 1
