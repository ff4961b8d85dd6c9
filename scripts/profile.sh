#!/usr/bin/env bash
# Counts the instructions of one placement and of one submission, and tells where they go.
#
# Valgrind counts them: the same on a quiet machine and on a busy one. Each program runs with N and with 2N tasks; the
# difference is what N tasks cost, without its start and its end. Time is another matter: `make bench-core`, `make figures`.
#
#   placement    what the core does for a submission on a thousand nodes (benches/core)
#   submission   what a master does for it, from the socket to SQLite, one after another on one connection
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/prelude.sh

nodes=${PROFILE_NODES:-1000}
placements=${PROFILE_PLACEMENTS:-10000}
submissions=${PROFILE_SUBMISSIONS:-2000}
target=${CARGO_TARGET_DIR:-target}
out=$target/profile
master=

have valgrind || apt_install valgrind
have curl || apt_install curl
mkdir -p "$out"

clean_up() {
    if [ -n "$master" ]; then kill -KILL "$master" 2>/dev/null || true; fi
    rm -rf "$out"/data
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# counted FILE: how many instructions callgrind counted.
counted() { awk '/^(summary|totals):/ { print $2; exit }' "$1"; }

# tell WHAT TASKS ONCE TWICE: the difference, and where most of it is.
tell() {
    local what=$1 tasks=$2 once=$3 twice=$4
    printf '%s: %d instructions\n' "$what" $((($(counted "$twice") - $(counted "$once")) / tasks))
    callgrind_annotate --threshold=90 "$twice" |
        awk '/file:function/ { on = 1; next } on && /%/ && n++ < 25 { print "  " substr($0, 1, 150) }'
}

place() {
    PODLING_PROFILE=$nodes,$1 valgrind --quiet --tool=callgrind --callgrind-out-file="$2" "$bench"
}

# submit TASKS FILE: a master under callgrind takes so many submissions and ends.
submit() {
    local tasks=$1 file=$2 port url number
    port=$(free_port)
    url=http://127.0.0.1:$port
    rm -rf "$out"/data
    RUST_LOG=error valgrind --quiet --tool=callgrind --callgrind-out-file="$file" "$target"/simulation/podling master \
        --bind "127.0.0.1:$port" --store sqlite --data-dir "$out"/data &
    master=$!
    until_true 120 curl --fail --silent "$url"/ready || die "the master did not become ready"
    for ((number = 0; number < tasks; number++)); do
        [ "$number" -eq 0 ] || echo next
        printf 'url = "%s/api/v1/tasks"\nfail\nsilent\nshow-error\noutput = /dev/null\n' "$url"
        printf 'json = "{\\"name\\":\\"job-%d\\",\\"image\\":\\"registry.example.org/team/job:1.2.3\\"}"\n' "$number"
    done >"$out"/requests
    curl --config "$out"/requests
    kill -TERM "$master"
    wait "$master" || die "the master did not end well"
    master=
}

say "building, optimised and with symbols"
cargo build --locked --quiet --profile simulation --bin podling
bench=$(cargo bench --locked --quiet --profile simulation --bench core --no-run --message-format=json |
    sed -n '/"kind":\["bench"\]/s/.*"executable":"\([^"]*\)".*/\1/p')

say "placing $placements and $((2 * placements)) tasks on $nodes nodes"
place "$placements" "$out"/place.1
place $((2 * placements)) "$out"/place.2
tell "placement in the core, $nodes nodes" "$placements" "$out"/place.1 "$out"/place.2

say "submitting $submissions and $((2 * submissions)) tasks to a master"
submit "$submissions" "$out"/submit.1
submit $((2 * submissions)) "$out"/submit.2
tell "submission to a master, SQLite" "$submissions" "$out"/submit.1 "$out"/submit.2
say "callgrind's files are in $out: callgrind_annotate --inclusive=yes $out/submit.2"
