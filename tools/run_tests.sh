#!/usr/bin/env bash
# pytest with these arguments. A few failures are run once more by themselves: a machine that others share stands still
# for many seconds at times. What fails twice fails; both runs are printed.
set -uo pipefail
most=5
mkdir -p .state
.venv/bin/pytest "$@" | tee .state/tests.log
status=$?
mapfile -t failed < <(sed -nE 's/^(FAILED|ERROR) (tests\/[^ ]+::.*)$/\2/p' .state/tests.log | sed 's/ - .*//')
if [ "$status" -eq 1 ] && [ "${#failed[@]}" -gt 0 ] && [ "${#failed[@]}" -le "$most" ]; then
  echo "${#failed[@]} failed; once more, by themselves:"
  exec .venv/bin/pytest "${failed[@]}"
fi
exit "$status"
