#!/bin/sh
# system-packages.sh: install the Debian packages that some tests need; without them those tests skip and say so.
# As root with apt it installs what is missing; else it says what to do. It never fails for want of them.
set -eu
packages="bubblewrap postgresql g++ chromium"

say() { printf 'system-packages: %s\n' "$*"; }

missing=""
for package in $packages; do
    dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"
done
[ -n "$missing" ] || { say "all there: $packages"; exit 0; }

if ! command -v apt-get >/dev/null 2>&1; then
    say "no apt here; install what your system calls:$missing"
elif [ "$(id -u)" != 0 ]; then
    say "not root; run: sudo apt-get install -y$missing"
else
    say "installing$missing"
    export DEBIAN_FRONTEND=noninteractive
    { apt-get update -qq && apt-get install -y -qq $missing >/dev/null; } ||
        say "apt could not install$missing; the tests that need them will skip"
fi
