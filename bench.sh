#!/usr/bin/env bash
# Measures Holdfast under load and writes the tables of docs/performance.md. --quick: under 3 minutes, prints only.
# The server has core 0 to itself, the client core 1. Micro benchmarks: ./bench.sh micro [--filter '*Capture*'].
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
