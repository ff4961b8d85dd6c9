#!/usr/bin/env bash
# Runs all tests.
#
# Those in tests/faults make networks, mount small disks and start engines of their own: as root, through sudo when
# somebody else calls this. All others run as whoever calls this.
set -euo pipefail
cd "$(dirname "$0")/.."

failed=0
# The micro-benchmarks, once each on small clusters: that they still do what they measure.
cargo test --locked --quiet --bench core >/dev/null || failed=1

if [ "$(id -u)" -eq 0 ]; then
    cargo nextest run --locked || failed=1
    exit "$failed"
fi

cargo nextest run --locked -E 'not binary(faults)' || failed=1
scripts/tests-as-root.sh cargo nextest run --locked -E 'binary(faults)' || failed=1
exit "$failed"
