# Shared by the scripts: where things are, and how they speak. Sourced, never run.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/millrace       # what was downloaded or built once; safe to delete
state=${XDG_STATE_HOME:-$HOME/.local/state}/millrace # what a running server keeps

# Programs that setup unpacks instead of installing, so that no service comes along with them.
export PATH=$PATH:$cache/tools/usr/bin

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() { say "$@"; exit 1; }

# Prints the comment that opens the calling script: its usage.
usage() { sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; }

# Brings the build directory $1 up to date; it is configured once, with the options that follow.
build() {
    configured "$@"
    compiled "$1"
}

configured() {
    local dir=$root/$1
    shift
    [[ ! -e $dir/build.ninja ]] || return 0
    say "building in ${dir##*/}: about a minute, the first time"
    meson setup "$dir" "$root" "$@" >"$dir.log" 2>&1 || { tail -n 30 "$dir.log" >&2; die "meson setup failed: $dir.log"; }
}

# Builds everything in directory $1, or only the targets that follow. Quiet unless it fails: after a change of meson.build
# the build configures itself anew, which takes a hundred lines.
compiled() {
    ninja -C "$root/$1" --quiet "${@:2}" >"$root/$1.log" 2>&1 || { tail -n 60 "$root/$1.log" >&2; die "the build failed: ninja -C '$root/$1'"; }
}

# Whether process $1 itself listens on port $2: an answer from somebody else's server proves nothing.
holds_listener() {
    local inode
    while read -r inode; do
        find "/proc/$1/fd" -lname "socket:\[$inode\]" 2>/dev/null | grep -q . && return
    done < <(listening_inodes "$2")
    return 1
}

# Whether a client of 127.0.0.1 would reach anybody on port $1.
port_taken() { [[ -n $(listening_inodes "$1") ]]; }

# A line of /proc/net/tcp: column 2 is ADDRESS:PORT in hexadecimal (the address byte-swapped), column 4 the state
# (0A: listening), column 10 the socket's inode. An address of zeros is every address.
listening_inodes() {
    awk -v reach="(^|FFFF0000)0100007F:$(printf '%04X' "$1")\$|^0+:$(printf '%04X' "$1")\$" \
        '$2 ~ reach && $4 == "0A" { print $10 }' /proc/net/tcp /proc/net/tcp6 2>/dev/null
}

# Prints a port, below those that the system gives to clients, that nobody listens on.
free_port() {
    local port
    while port=$((20000 + RANDOM % 12000)); port_taken "$port"; do :; done
    echo "$port"
}

# Prints the path of a Python that has what tests/system asks for, in a cached environment of its own.
python_with_clients() {
    local wanted=$root/tests/system/requirements.txt environment
    environment=$cache/python-$(python3 --version | cat - "$wanted" | sha256sum | cut -c1-12)
    if [[ ! -e $environment/complete ]]; then
        say "installing $(sed 's/#.*//' "$wanted" | xargs)"
        rm -rf "$environment"
        python3 -m venv "$environment" >&2 &&
            "$environment/bin/pip" install -q --disable-pip-version-check -r "$wanted" >&2 &&
            touch "$environment/complete" || return
    fi
    echo "$environment/bin/python"
}
