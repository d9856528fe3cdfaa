#!/usr/bin/env bash
# Measures Holdfast under load and writes the tables of docs/performance.md (some 20 minutes). With options it prints only, unless one of them is
# --output=FILE: --quick (some 7 minutes), --only=stores, --rounds=N, --idle-rounds=N, --store-rounds=N, --warm-up=SECONDS.
# The measured process has core 0 to itself, the client or the store's server core 1. Needs redis-server, PostgreSQL and Ceph, as test.sh does.
# Micro benchmarks: ./bench.sh micro [--filter '*Change*'].
set -euo pipefail
cd "$(dirname "$0")"
dotnet build bench/Holdfast.Benchmarks -c Release --nologo -v quiet
program=artifacts/bin/Holdfast.Benchmarks/release/Holdfast.Benchmarks.dll
if [ "${1:-}" = micro ]; then
  shift
  # As for the server: compiled for good at once, not when the machine is quiet.
  DOTNET_TC_CallCountingDelayMs=0 exec dotnet "$program" micro "${@:---filter=*}"
fi
if [ $# -eq 0 ]; then
  set -- --output=docs/performance.md
fi
DOTNET_gcServer=0 DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS=1 exec taskset -c 1 dotnet "$program" load "$@"
