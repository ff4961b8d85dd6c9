#!/usr/bin/env bash
# Shows podling at work (`make demo`, which builds it and sees to the Docker Engine first): starts a master and a worker
# in the background, runs a container, follows its log to the end. Run it as often as you like; `make demo-stop` ends it.
#
# DEMO_MASTER_PORT and DEMO_WORKER_PORT move it when 8080 and 8081 are taken.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/prelude.sh
. scripts/demo-state.sh

started=no
finished=no
# Whatever ends this early (also Ctrl-C) leaves things as they were: a demo that was there before goes on.
# shellcheck disable=SC2329 # called by the trap
clean_up() {
    trap '' INT TERM
    [ "$finished" = no ] || return 0
    if [ "$started" = no ] && is_running; then
        podling rm --force hello >/dev/null 2>&1 || true
    else
        say "not finished: removing what was there so far"
        scripts/demo-stop.sh
    fi
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Sets `image`: a public one where a registry answers, else one made here.
choose_image() {
    image=busybox:latest
    docker image inspect "$image" >/dev/null 2>&1 && return
    if can_reach registry-1.docker.io 443 && timeout 60 docker pull --quiet "$image" >/dev/null 2>&1; then return; fi
    image=podling-demo:latest
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
    started=yes
    # A session of its own: Ctrl-C and the end of this terminal are not meant for it.
    setsid nohup "$exe" standalone --bind "127.0.0.1:$master_port" --port "$worker_port" --node-id "$node" \
        --data-dir "$state/data" --shutdown-timeout 5s >"$state/log" 2>&1 </dev/null &
    echo $! >"$state/pid"
    echo "$url" >"$state/url"
    until_true 30 worker_is_online || {
        tail -n 20 "$state/log" >&2
        die "podling did not get ready (the end of its log is above; all of it: $state/log)"
    }
}

# shellcheck disable=SC2329 # called by until_true
worker_is_online() {
    is_running && podling health && podling nodes --output json | grep -q '"online"'
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
    open $url/api-docs/ in a browser

Its own log: $state/log       Stop it and remove everything of it:  make demo-stop
EOF
