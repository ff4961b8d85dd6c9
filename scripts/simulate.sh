#!/usr/bin/env bash
# Tells histories of a simulated cluster: simulate.sh SEEDS FROM       (what `make simulate` calls)
#
# A thousand of them in each process: what a history's dead processes still hold is given back only when the process ends.
set -euo pipefail
cd "$(dirname "$0")/.."
seeds=$1
from=$2
each=1000

PODLING_SIMULATE_THREADS=$(nproc)
export PODLING_SIMULATE_THREADS
for ((first = from; first < from + seeds; first += each)); do
    left=$((from + seeds - first))
    PODLING_SIMULATE_FROM=$first PODLING_SIMULATE_SEEDS=$((left < each ? left : each)) \
        cargo test --quiet --locked --profile simulation --test simulation whatever_fails -- --nocapture
done
