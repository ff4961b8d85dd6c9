# Sourced by demo.sh and demo-stop.sh: where the demo of this clone keeps what it must remember, and how it is stopped.
# shellcheck shell=bash
# shellcheck disable=SC2034 # used by those who source this

exe=$PWD/bin/podling
state=$PWD/.podling-demo
# Another clone on this machine has another node, and so containers of its own.
node=demo-$(cksum <<<"$PWD" | cut -d' ' -f1)
image_made_here=podling-demo:latest
master_port=${DEMO_MASTER_PORT:-8080}
worker_port=${DEMO_WORKER_PORT:-8081}
url=http://127.0.0.1:$master_port

# What the user's own environment says is for another master. So are the user's files: see `in_state`.
unset "${!PODLING_@}" STORE_TYPE DATABASE_URL

# One at a time in a clone. The lock is the kernel's: it goes with this process, and is on a file that is there anyway.
exec 9<scripts/demo-state.sh
flock --nonblock 9 || die "another make demo or make demo-stop of this clone is at work" "Let it end, or end it with Ctrl-C."

# Where ./.env, ./podling.toml and ~/.podling.toml are nobody's.
in_state() { (cd "$state" && HOME=$state exec "$@" 9<&-); }

podling() { in_state "$exe" --master "$url" "$@"; }

# Whether the process the demo started is still there, and not another one that got its number.
is_running() {
    [ -s "$state/pid" ] || return 1
    { tr '\0' ' ' <"/proc/$(cat "$state/pid")/cmdline" | grep -qF "podling standalone --data-dir $state/data"; } 2>/dev/null
}

is_gone() { ! is_running; }

# A demo that runs stays where it is, whatever ports are asked for now.
if is_running && [ -s "$state/url" ]; then url=$(cat "$state/url"); fi

# Stops the demo, and removes its containers and its data. The log stays.
stop_demo() {
    local pid
    if is_running; then
        pid=$(cat "$state/pid")
        say "stopping podling standalone (process $pid)"
        kill "$pid" || true
        until_true 30 is_gone || {
            say "it did not end within 30 seconds: killing it"
            kill -KILL "$pid" || true
        }
    fi
    remove_containers "podling.node=$node"
    rm -rf "$state/data" "$state/pid" "$state/url"
}
