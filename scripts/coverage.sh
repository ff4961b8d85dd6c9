#!/usr/bin/env bash
# Runs all tests with coverage, writes target/coverage/html/index.html, and fails when too few lines were run.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/prelude.sh

least_in_all=85
least_in_core=95
out=${CARGO_TARGET_DIR:-target}/coverage

scripts/install-cargo-tool.sh cargo-llvm-cov 0.9.1

# The tools must be of rustc's own LLVM, as it alone reads the form rustc writes. Always named: without these variables
# cargo-llvm-cov would add a component to the user's toolchain.
if [ -z "${LLVM_COV:-}" ] || [ -z "${LLVM_PROFDATA:-}" ]; then
    llvm=$(rustc --version --verbose | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
    of_rust=$(rustc --print target-libdir)/../bin
    if have "llvm-cov-$llvm" || { [ ! -x "$of_rust/llvm-cov" ] && (apt_install "llvm-$llvm"); }; then
        export LLVM_COV=/usr/bin/llvm-cov-$llvm LLVM_PROFDATA=/usr/bin/llvm-profdata-$llvm
    else
        # This system has no such LLVM: rustup has, as a component of the toolchain.
        [ -x "$of_rust/llvm-cov" ] || rustup component add llvm-tools ||
            die "neither llvm-$llvm nor rustup's llvm-tools could be installed"
        export LLVM_COV=$of_rust/llvm-cov LLVM_PROFDATA=$of_rust/llvm-profdata
    fi
fi

cargo llvm-cov clean --workspace
scripts/tests-as-root.sh cargo llvm-cov --no-report nextest --locked
mkdir -p "$out"
cargo llvm-cov report --html --output-dir "$out"
cargo llvm-cov report --lcov --output-path "$out/lcov.info"

awk -v all_least="$least_in_all" -v core_least="$least_in_core" -v report="$out/html/index.html" '
    /^SF:/ { core = /\/src\/core\// }
    /^LF:/ { lines += substr($0, 4); if (core) core_lines += substr($0, 4) }
    /^LH:/ { hit += substr($0, 4); if (core) core_hit += substr($0, 4) }
    END {
        if (!lines || !core_lines) { print "error: no lines were measured"; exit 1 }
        all = 100 * hit / lines; in_core = 100 * core_hit / core_lines
        printf "lines covered: %.1f %% in all (at least %d), %.1f %% in core (at least %d)\nreport: %s\n", \
            all, all_least, in_core, core_least, report
        exit all < all_least || in_core < core_least
    }' "$out/lcov.info"
