# How scripts/setup gets things from Debian. Sourced by it, after lib.sh.
# shellcheck shell=bash

run=$(mktemp -d) # remembers what this run has done, in its subshells too
trap 'rm -rf "$run"' EXIT

newer_binaries=trixie # Debian 13: its libllhttp and libyyjson ask for nothing that Debian 12 has not
newer_sources=forky   # has librdkafka >= 2.13.2

# Upstream's releases that this archive is known to hold. Any newer one is as welcome while apt finds the archive's lists
# fresh; from a mirror that is held back, whose lists are signed but expired, only these are taken.
known_sources='
4d53568c13717b167d12c7b2a0fe12aeb5d6bfe02de53df5b68f86d870a81b33  librdkafka_2.14.2.orig.tar.gz
82ad632d31ee05da13b537c124f819eb88e18851d9cb0c30ae0552084811588c  hiredis_1.2.0.orig.tar.gz
'

on_debian() {
    local release
    # shellcheck disable=SC1091
    release=$(. /etc/os-release && echo "$ID-${VERSION_ID:-99}") # testing and unstable have no number
    [[ ${release%-*} == debian && ${release#*-} -ge 12 ]]
}

# Debian 13 has promtool apart from its server; the package of Debian 12 holds both.
promtool_package() {
    refresh
    [[ -n $(candidate promtool) ]] && echo promtool || echo prometheus
}

candidate() { apt-cache policy "$1" | sed -n 's/^ *Candidate: //p' | grep -v '(none)' || true; }

as_root() {
    if [[ $EUID -eq 0 ]]; then
        "$@"
    else
        command -v sudo >/dev/null || die "needs root, or sudo, for: $*"
        sudo "$@"
    fi
}

install_packages() {
    local missing
    mapfile -t missing < <(comm -23 <(printf '%s\n' "$@" | sort) <(installed "$@" | sort))
    [[ ${#missing[@]} -eq 0 ]] && return
    say "installing ${missing[*]}"
    refresh
    apt_install "${missing[@]}"
}

installed() { dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^ii *//p'; }

apt_install() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >"$cache/apt.log" 2>&1 ||
        { tail -n 20 "$cache/apt.log" >&2; die "apt-get install failed: $*"; }
}

# The system's own package lists, once a run. Some other vendor's list may be broken: that alone stops nothing.
refresh() {
    [[ -e $run/refreshed ]] && return
    mkdir -p "$cache"
    as_root apt-get update -qq >"$cache/apt.log" 2>&1 || say "apt-get update has complaints: $cache/apt.log"
    touch "$run/refreshed"
}

# Installs package $1 if this release has it in version $2 or later.
from_release() {
    local version
    refresh
    version=$(candidate "$1")
    [[ -n $version ]] && dpkg --compare-versions "$version" ge "$2" || return
    install_packages "$1"
}

# Installs packages of a newer Debian, which apt would otherwise not offer.
install_newer() {
    say "installing $* of Debian $newer_binaries"
    local package path packages=()
    for package in "$@"; do
        path=$(newer_package "$package")
        packages+=("$path")
    done
    apt_install "${packages[@]}"
}

newer_package() {
    local debs=$cache/debs
    mkdir -p "$debs"
    if ! compgen -G "$debs/$1_*.deb" >/dev/null; then
        archive_lists "$newer_binaries" deb || die "apt-get update failed for Debian $newer_binaries"
        (cd "$debs" && archive "$newer_binaries" apt-get download -qq "$1" >&2)
    fi
    compgen -G "$debs/$1_*.deb" | tail -n 1
}

# Unpacks a package of this release into the cache, instead of installing it with the services it starts.
unpack_package() {
    say "unpacking $1 into $cache/tools"
    local debs=$cache/debs
    mkdir -p "$debs" "$cache/tools"
    refresh
    (cd "$debs" && rm -f "$1"_*.deb && apt-get download -qq -o APT::Sandbox::User=root "$1" >&2)
    dpkg-deb -x "$(compgen -G "$debs/$1_*.deb")" "$cache/tools"
}

# Downloads upstream's release of $1 as Debian's source archive has it, and prints its path.
debian_release() {
    local kept=$cache/sources/debian
    mkdir -p "$kept"
    say "taking $1 from Debian's source archive"
    if ! archive_lists "$newer_sources" deb-src; then
        touch "$run/expired"
        say "its lists are out of date here: taking only what is known"
        archive_lists "$newer_sources" deb-src -o Acquire::Check-Valid-Until=false || return
    fi
    (cd "$kept" && archive "$newer_sources" apt-get source --download-only -qq "$1" >&2) || return
    [[ ! -e $run/expired ]] || is_known "$(kept_debian_release "$1")" || return
    kept_debian_release "$1"
}

is_known() {
    (cd "${1%/*}" && grep -F "  ${1##*/}" <<<"$known_sources" | sha256sum --check --status) && return
    say "the archive's lists are out of date, and ${1##*/} is not the release that is known"
    rm -f "$1"
    return 1
}

kept_debian_release() { compgen -G "$cache/sources/debian/$1_*.orig.tar.?z" | sort -V | tail -n 1 | grep .; }

# Runs an apt tool on lists of our own for Debian $1, so that a newer release is never offered to the system by mistake.
archive() {
    local own=$cache/apt/$1
    "$2" -o Dir::Etc::sourcelist="$own/debian.sources" -o Dir::Etc::sourceparts=- \
        -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts="$own/none" \
        -o Dir::State::lists="$own/lists" -o Dir::Cache="$own/cache" -o Acquire::Languages=none \
        -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false -o APT::Sandbox::User=root "${@:3}"
}

# Fetches those lists, once a run, from the Debian mirror that this machine uses. $2 is deb or deb-src; apt's options follow.
archive_lists() {
    [[ -e $run/$1 ]] && return
    local suite=$1 mirror own=$cache/apt/$1
    mirror=$(debian_mirror)
    [[ -n $mirror ]] || die "no Debian mirror among this machine's apt sources"
    mkdir -p "$own/lists/partial" "$own/cache/archives/partial" "$own/none"
    printf 'Types: %s\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n' \
        "$2" "$mirror" "$suite" >"$own/debian.sources"
    archive "$suite" apt-get update -qq "${@:3}" >"$own/update.log" 2>&1 || { sed 's/^[EW]: //' "$own/update.log" >&2; return 1; }
    touch "$run/$suite"
}

# apt itself tells which of its sources is Debian's main archive: other vendors' may stand before it, in either format.
debian_mirror() {
    refresh
    # shellcheck disable=SC2016  # apt's own placeholders
    apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' 'Created-By: Packages' | sed -n 's/^Debian|Debian|//p' | head -n 1
}
