#!/usr/bin/env bash
# Installs by apt what is missing for: run | test | check | bench | venv. No server that comes along starts by itself.
set -euo pipefail

case "${1:?run, test, check, bench or venv}" in
  venv) wanted=(python3-venv) ;;
  run) wanted=(libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core) ;;
  test) wanted=(chromium firefox-esr ffmpeg dcmtk orthanc orthanc-dicomweb postgresql p7zip-full curl unzip poppler-utils strace fonts-dejavu-core) ;;
  bench) wanted=(nginx wrk zip p7zip-full) ;;
  check) wanted=(gettext) ;;
  *) echo "unknown: $1" >&2; exit 2 ;;
esac

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  echo "This is not a Debian system. Please see to it that these (by their Debian names) are there: ${wanted[*]}" >&2
  exit 0
fi

missing=()
for package in "${wanted[@]}"; do
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -ne 0 ]; then
  { echo "These packages are missing, and only root may install them:"; echo "  sudo apt-get install --no-install-recommends ${missing[*]}"; } >&2
  exit 1
fi

# https://people.debian.org/~hmh/invokerc.d-policyrc.d-specification.txt: 101 = action forbidden
policy=/usr/sbin/policy-rc.d
kept=""
[ -e "$policy" ] && kept="$(mktemp -d)" && mv "$policy" "$kept/"
restore() { rm -f "$policy"; if [ -n "$kept" ]; then mv "$kept/policy-rc.d" "$policy" && rmdir "$kept"; fi; }
trap restore EXIT
printf '#!/bin/sh\nexit 101\n' > "$policy"
chmod 755 "$policy"

export DEBIAN_FRONTEND=noninteractive
echo "Installing: ${missing[*]}"
quietly=(-qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)
# Try the lists at hand first; refresh them only when they are missing or out of date.
apt-get install -y "${quietly[@]}" --no-install-recommends "${missing[@]}" >/dev/null 2>&1 || {
  apt-get update "${quietly[@]}"
  apt-get install -y "${quietly[@]}" --no-install-recommends "${missing[@]}" >/dev/null
}
