#!/usr/bin/env bash
# Brings the real components that tests talk to, from Debian's packages, where this machine lets us; says what is left
# out otherwise. Tests start components of their own on loopback: the services that the packages bring are kept down.
set -euo pipefail

declare -A present=( # package: a command, or a pattern for a path, that shows it is there
  [postgresql]='/usr/lib/postgresql/*/bin/initdb'
  [containerd]='ctr'
  [docker.io]='dockerd'
  [docker-registry]='docker-registry'
  [openssh-server]='/usr/sbin/sshd'
  [chromium]='chromium'
  [debootstrap]='debootstrap'
  [dpkg-dev]='dpkg-scanpackages'
  [e2fsprogs]='/usr/sbin/mke2fs'
  [rpm]='rpm'
  [ruby]='ruby'
)

missing() {
  for package in "${!present[@]}"; do
    command -v "${present[$package]}" >/dev/null || compgen -G "${present[$package]}" >/dev/null || echo "$package"
  done | sort
}

without_starting_services() { # invoke-rc.d(8) asks policy-rc.d; 101 means: not allowed
  local policy=/usr/sbin/policy-rc.d
  if [ -e "$policy" ]; then
    "$@"
    return
  fi
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  trap "rm -f $policy" EXIT
  "$@"
}

keep_down() { # on a machine that boots with systemd, they stay down after the next boot too
  [ -d /run/systemd/system ] || return 0
  systemctl disable --quiet postgresql docker.service docker.socket docker-registry ssh 2>/dev/null || true
}

mapfile -t wanted < <(missing)
[ "${#wanted[@]}" -gt 0 ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing Debian packages for tests: ${wanted[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq || true
  for package in "${wanted[@]}"; do
    without_starting_services apt-get install -y -qq --no-install-recommends "$package" >/dev/null || true
  done
  keep_down
  mapfile -t wanted < <(missing)
fi

if [ "${#wanted[@]}" -gt 0 ]; then
  cat <<TEXT
Left out: tests that need ${wanted[*]}
  They are skipped, each with its reason in the list at the end. To run them: apt-get install ${wanted[*]}
TEXT
fi
