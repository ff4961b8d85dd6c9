#!/usr/bin/env bash
# Makes sure that a Docker Engine answers: installs Debian's when there is none, and starts it when it does not run.
# Does nothing when one answers already, wherever DOCKER_HOST says it is.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/prelude.sh

# The socket file may be there for root only; whoever may not open it still learns that the engine runs.
answers() {
    docker version >/dev/null 2>&1 && return
    [ -z "${DOCKER_HOST:-}" ] && [ "$(id -u)" -ne 0 ] && (as_root docker version) >/dev/null 2>&1
}

start() {
    if [ -d /run/systemd/system ]; then
        as_root systemctl start docker
    elif [ -x /etc/init.d/docker ] && as_root service docker start; then
        :
    else
        as_root sh -c 'nohup dockerd >/var/log/dockerd.log 2>&1 </dev/null &'
    fi
}

wait_until_it_answers() {
    local _
    for _ in $(seq 60); do
        answers && return
        sleep 0.5
    done
    return 1
}

if have docker && answers; then exit 0; fi

if [ -n "${DOCKER_HOST:-}" ]; then
    die "the Docker Engine at DOCKER_HOST=$DOCKER_HOST does not answer" \
        "Start it, or unset DOCKER_HOST to use (or install) one on this machine."
fi

if ! have dockerd; then
    apt_install docker.io
    # From Debian 13 on the docker command is a package of its own.
    have docker || apt_install docker-cli
fi

say "starting the Docker Engine"
start
wait_until_it_answers || die "the Docker Engine was started, but does not answer" \
    "Look at its log: journalctl -u docker, /var/log/docker.log or /var/log/dockerd.log" \
    "In a container it needs --privileged; another host's engine can be used with DOCKER_HOST."
say "$(as_root docker version --format 'Docker Engine {{.Server.Version}} answers')"
