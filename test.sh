#!/usr/bin/env bash
# Builds everything and runs all tests. The last line is "N passed, N failed"; the exit code is 0 only when nothing failed.
#   --long       also the long runs (HOLDFAST_LONG=1)
#   --filter X   only .NET tests with X in namespace, class or method name
set -uo pipefail
set -m # each step gets a process group of its own, by which it is ended
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1
exec </dev/null

filter=()
while [ $# -gt 0 ]; do
  case $1 in
    --long) export HOLDFAST_LONG=1; shift ;;
    --filter) filter=(-method "*${2:?--filter needs a part of a name}*"); shift 2 ;;
    *) echo "Unknown argument '$1'. Known: --long, --filter X." >&2; exit 2 ;;
  esac
done

export CI=true DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 NO_COLOR=1
# No compiler or build server may outlive the run.
export MSBUILDDISABLENODEREUSE=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 UseSharedCompilation=false
export HOME="${HOME:-$PWD/artifacts/home}"

client=src/Holdfast/Client
bundle=src/Holdfast/wwwroot/holdfast.js
bundle_limit=$((12 * 1024))
results=artifacts/test-results
passed=0 failed=0 skipped=0 running=
broken=()

end_step() { [ -n "$running" ] && kill -KILL -- "-$running" 2>/dev/null; running=; }
trap end_step EXIT
trap 'end_step; exit 130' INT TERM HUP

# Runs a command in its own process group, and ends what it left behind.
run() {
  "$@" & running=$!
  wait "$running"; local code=$?
  end_step
  return $code
}

broke() { broken+=("$1"); failed=$((failed + 1)); echo "BROKEN: $1"; return 1; }

# step NAME COMMAND...: a step that breaks counts as a failure and names itself.
step() { local name=$1; shift; printf '\n== %s\n' "$name"; run "$@" || broke "$name"; }

install_missing() {
  local packages=() sudo=()
  [ -n "${HOLDFAST_CHROMIUM:-}" ] || command -v chromium >/dev/null || packages+=(chromium)
  command -v brotli >/dev/null || packages+=(brotli)
  compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || packages+=(postgresql)
  command -v redis-server >/dev/null || packages+=(redis-server)
  # An S3 server with conditional writes.
  command -v radosgw >/dev/null || packages+=(radosgw)
  command -v ceph-mon >/dev/null || packages+=(ceph-mon)
  command -v ceph-osd >/dev/null || packages+=(ceph-osd)
  [ ${#packages[@]} -gt 0 ] || return 0
  [ "$(id -u)" -eq 0 ] || sudo=(sudo -n)
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq &&
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}"
}

# The bundle is committed, so that .NET users need no Node: it must be what its sources give.
bundle_is_committed() {
  cp "$bundle" "$results/holdfast.js.before" && (cd "$client" && npm run --silent build) || return 1
  if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    git ls-files --error-unmatch "$bundle" >/dev/null && git diff --exit-code --stat HEAD -- "$bundle"
  else
    cmp "$results/holdfast.js.before" "$bundle"
  fi || { echo "$bundle differs from what its sources give: commit the one just built."; return 1; }
}

bundle_is_small() {
  local size; size=$(brotli -q 11 -c "$bundle" | wc -c) || return 1
  echo "$bundle: $size bytes with brotli, of at most $bundle_limit"
  [ "$size" -le "$bundle_limit" ]
}

# count NAME CODE PASSED FAILED SKIPPED: adds up; a run that failed without a failed test is broken itself.
count() {
  echo "$1: ${3:-0} passed, ${4:-0} failed, ${5:-0} skipped"
  passed=$((passed + ${3:-0})) failed=$((failed + ${4:-0})) skipped=$((skipped + ${5:-0}))
  if [ -z "${3:-}" ] || { [ "$2" -ne 0 ] && [ "${4:-0}" -eq 0 ]; }; then broke "$1 (exit code $2)"; fi
}

run_vitest() { cd "$client" && npx --no-install vitest run --reporter=default --reporter=json --outputFile.json="$1"; }

test_client() {
  local json=$PWD/$results/vitest.json code counts=()
  printf '\n== client tests\n'
  run run_vitest "$json"; code=$?
  [ -s "$json" ] && read -ra counts < <(node -p \
    "const r = require('$json'); [r.numPassedTests, r.numFailedTests, r.numPendingTests + r.numTodoTests].join(' ')")
  count "client tests" "$code" "${counts[@]}"
}

# test_project NAME: xunit.v3 projects are programs; run directly they write exact counts.
test_project() {
  local name=$1 dll=artifacts/bin/$1/release/$1.dll trx=$PWD/$results/$1.trx code counters
  printf '\n== %s\n' "$name"
  [ -f "$dll" ] || { broke "$name (not built)"; return; }
  run dotnet "$dll" -noColor -trx "$trx" "${filter[@]}"; code=$?
  counters=$(grep -o '<Counters [^>]*>' "$trx" 2>/dev/null)
  number() { sed -n "s/.* $1=\"\([0-9]*\)\".*/\1/p" <<<"$counters"; }
  local total; total=$(number total)
  if [ ${#filter[@]} -gt 0 ] && [ "${total:-0}" -eq 0 ]; then echo "$name: nothing matches the filter"; return; fi
  count "$name" "$code" "$(number passed)" "$(($(number failed) + $(number error)))" "$(number notExecuted)"
}

rm -rf "$results"; mkdir -p "$results"
step "installing what is missing" install_missing
if step "npm ci" npm --prefix "$client" ci --no-audit --no-fund; then
  step "client type check" npm --prefix "$client" run --silent check
  test_client
  step "client bundle is what its sources give" bundle_is_committed
  step "client bundle is small" bundle_is_small
fi
if step "dotnet build" dotnet build Holdfast.slnx -c Release -v minimal; then
  for project in tests/*.Tests/*.csproj; do test_project "$(basename "$project" .csproj)"; done
fi

printf '\n%d skipped\n' "$skipped"
[ ${#broken[@]} -eq 0 ] || printf 'broken: %s\n' "${broken[@]}"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
