#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Set up, build, run the tests. Works from any folder. `--slow` adds the suite that takes minutes.
# The last line is "N passed, N failed, N skipped"; the exit status is 0 when nothing failed.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/../jobscripts/setup.sh"

suites="--suite serial --suite mpi --suite cases"
for argument; do
  case $argument in
    --slow) suites="$suites --suite slow" ;;
    *) echo "usage: bash tests/run.sh [--slow]" >&2; exit 2 ;;
  esac
done
if ! umklapp_setup || ! umklapp_build; then
  echo "0 passed, 1 failed, 0 skipped"
  exit 1
fi
umklapp_say "tests"
log=$umklapp_root/build/meson-logs/testlog.json
rm -f "$log"
# shellcheck disable=SC2086
/usr/bin/meson test -C "$umklapp_root/build" --no-rebuild --print-errorlogs $suites
status=$?
/usr/bin/python3 - "$log" "$status" <<'EOP'
import json, os, sys
log, status = sys.argv[1], int(sys.argv[2])
results = [json.loads(line)['result'] for line in open(log)] if os.path.exists(log) else []
passed = sum(r in ('OK', 'EXPECTEDFAIL') for r in results)
skipped = results.count('SKIP')
failed = len(results) - passed - skipped
if not results or (status and not failed):
    failed += 1
print(f'{passed} passed, {failed} failed, {skipped} skipped')
sys.exit(1 if failed else 0)
EOP
