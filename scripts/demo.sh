#!/usr/bin/env bash
# Shows podling at work (`make demo`, which builds it and sees to the Docker Engine first): starts a master and a worker
# in the background, runs a container, follows its log to the end. Run it as often as you like; `make demo-stop` ends it.
#
# DEMO_MASTER_PORT and DEMO_WORKER_PORT move it when 8080 and 8081 are taken; DEMO_IMAGE names another image than busybox.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/prelude.sh
. scripts/demo-state.sh

started=   # the process, when this run started podling
submitted= # whether this run submitted `hello`
finished=
# There is a demo already: it runs, or was killed, and its tasks and data are to stay.
was_there=no
if [ -e "$state/data" ]; then was_there=yes; fi

# Whatever ends this early, also Ctrl-C, leaves things as they were: only what this run has begun is undone.
# shellcheck disable=SC2329 # called by the trap
clean_up() {
    local code=$?
    trap '' INT TERM
    [ -z "$finished" ] || return 0
    if [ -n "$submitted" ]; then podling rm --force hello >/dev/null 2>&1 || true; fi
    [ -n "$started" ] || return 0
    until_true 5 has_begun || true
    if [ "$was_there" = no ]; then
        say "not finished: removing what was there so far"
        stop_demo
        # Interrupted: nobody wants to read it.
        if [ "$code" -gt 128 ]; then rm -rf "$state"; fi
    elif is_running; then
        say "not finished: killing podling again, as it was; its tasks and data stay (make demo-stop removes them)"
        # Not SIGTERM: podling would stop the tasks that it found and goes on with.
        kill -KILL "$(cat "$state/pid")" || true
    fi
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Sets `image`: a public one where a registry answers, else one made here.
choose_image() {
    image=${DEMO_IMAGE:-busybox:latest}
    docker image inspect "$image" >/dev/null 2>&1 && return
    if can_reach registry-1.docker.io 443 && timeout 60 docker pull --quiet "$image" >/dev/null 2>&1; then return; fi
    image=$image_made_here
    scripts/busybox-image.sh "$image"
}

check_ports() {
    local port
    for port in "$master_port" "$worker_port"; do
        if can_reach 127.0.0.1 "$port"; then
            die "port $port is taken by another program" \
                "Stop that one (ss -ltnp 'sport = :$port' names it), or choose other ports:" \
                "DEMO_MASTER_PORT=18080 DEMO_WORKER_PORT=18081 make demo"
        fi
    done
}

start() {
    check_ports
    mkdir -p "$state"
    say "starting podling standalone: a master on port $master_port and a worker on port $worker_port"
    # A session of its own: Ctrl-C and the end of this terminal are not meant for it.
    (
        cd "$state"
        HOME=$state exec setsid nohup "$exe" standalone --data-dir "$state/data" --store sqlite \
            --bind "127.0.0.1:$master_port" --port "$worker_port" --node-id "$node" --shutdown-timeout 5s \
            >log 2>&1 </dev/null 9<&-
    ) &
    started=$!
    echo "$started" >"$state/pid"
    echo "$url" >"$state/url"
    until_true 30 is_ready_or_gone && is_ready && return
    tail -n 20 "$state/log" >&2
    if is_running; then podling nodes >&2 || true; fi
    die "podling did not get ready (the end of its log is above; all of it: $state/log)"
}

# The process is podling by now, and no longer the shell that becomes it; or has ended already.
# shellcheck disable=SC2329 # called by until_true
has_begun() { is_running || ! kill -0 "$started" 2>/dev/null; }

# shellcheck disable=SC2329 # called by until_true
is_ready_or_gone() { is_ready || ! kill -0 "$started" 2>/dev/null; }

# A node whose Docker Engine does not answer is online too, but not ready.
is_ready() {
    is_running && podling health >/dev/null 2>&1 &&
        podling nodes --output json 2>/dev/null | grep -q '"condition": "ready"'
}

# Shows a command as one would type it, and runs it.
show() {
    local word line='$ podling'
    for word in "$@"; do
        if [[ $word =~ [^A-Za-z0-9_./:=-] ]]; then line+=" '$word'"; else line+=" $word"; fi
    done
    printf '\n%s\n' "$line"
    podling "$@"
}

choose_image
if is_running; then
    say "podling standalone is running already (process $(cat "$state/pid"), $url)"
    if [[ $(readlink "/proc/$(cat "$state/pid")/exe") == *' (deleted)' ]]; then
        say "that is an older build than bin/podling; for the new one: make demo-stop, make demo"
    fi
else
    start
fi

podling rm --force hello >/dev/null 2>&1 || true
submitted=yes
# shellcheck disable=SC2016 # the container's shell expands it
show run hello --image "$image" --follow -- \
    sh -c 'echo "Hello from container $(hostname)"; for n in 1 2 3; do sleep 0.5; echo "line $n"; done; echo bye'
show ps
show nodes
finished=yes

other_master=
if [ "$url" != http://127.0.0.1:8080 ]; then other_master=$'\n'"    export PODLING_MASTER_URL=$url"; fi
cat <<EOF

That container ran on this machine, and its log and record are kept. podling goes on in the background. Try next:

    export PATH="\$PWD/bin:\$PATH"$other_master
    podling run web --image $image -p 127.0.0.1:8000:80 -- sh -c 'echo hi > /tmp/index.html && httpd -f -h /tmp'
    curl http://127.0.0.1:8000/
    podling ps
    podling logs hello --timestamps
    podling events
    podling rm --force web

The API, in a browser: $url/api-docs/
Its own log: $state/log
Stop it and remove everything of it: make demo-stop
EOF
