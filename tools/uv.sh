#!/usr/bin/env bash
# Gets uv into .venv-uv with nothing but a Python >= 3.11; remembers which Python that was.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p .state

suits() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

interpreter=""
for candidate in "${PYTHON:-python3}" python3.13 python3.12 python3.11 /usr/bin/python3; do
  if suits "$candidate"; then
    interpreter="$("$candidate" -c 'import sys; print(sys.executable)')"
    break
  fi
done
if [ -z "$interpreter" ]; then
  echo "Klisza needs Python 3.11 or newer; give it as: make PYTHON=/path/to/python3 ..." >&2
  exit 1
fi
if ! "$interpreter" -c 'import ensurepip, venv' 2>/dev/null; then
  tools/need.sh venv
fi
if [ ! -x .venv-uv/bin/uv ]; then
  rm -rf .venv-uv
  "$interpreter" -m venv .venv-uv
  .venv-uv/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9,<1'
fi
echo "$interpreter" > .state/interpreter
