# Sourced by demo.sh and demo-stop.sh: where the demo keeps what it must remember.
# shellcheck shell=bash
# shellcheck disable=SC2034 # used by those who source this

exe=$PWD/bin/podling
state=$PWD/.podling-demo
node=demo
master_port=${DEMO_MASTER_PORT:-8080}
worker_port=${DEMO_WORKER_PORT:-8081}
url=http://127.0.0.1:$master_port

# What the user's own environment says is for another master.
unset PODLING_MASTER_URL PODLING_MASTER PODLING_DATA_DIR STORE_TYPE DATABASE_URL

# Whether the process the demo started is still there, and not another one that got its number.
is_running() {
    [ -s "$state/pid" ] && tr '\0' ' ' <"/proc/$(cat "$state/pid")/cmdline" 2>/dev/null | grep -q 'podling standalone '
}

# A demo that runs stays where it is, whatever ports are asked for now.
if is_running && [ -s "$state/url" ]; then url=$(cat "$state/url"); fi

podling() { "$exe" --master "$url" "$@"; }
