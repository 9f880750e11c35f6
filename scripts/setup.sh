#!/bin/sh
# setup.sh VENV [cpu]: install Burnish, with its tested versions, into a virtual environment.
# `make` calls it when pyproject.toml or constraints.txt is newer than the last installation.
set -eu
venv=$1
build=${2:-}
cpu_index=https://download.pytorch.org/whl/cpu

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

find_python() {
    for name in ${PYTHON:-python3.11 python3.12 python3.13 python3.14 python3 python}; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
}

case "$build" in
'' | cpu) ;;
*) fail "TORCH=$build is unknown; TORCH=cpu takes the CPU build, no TORCH the one that pip would take" ;;
esac

if [ ! -x "$venv/bin/python" ]; then
    python=$(find_python)
    [ -n "$python" ] || fail "no Python of 3.11 or later found (looked for ${PYTHON:-python3.11 and later}).
setup: Install one, or name it: make setup PYTHON=/path/to/python3.11"
    say "1/3 making $venv with $("$python" --version)"
    "$python" -m venv "$venv" || fail "$python cannot make a virtual environment (Debian: apt install python3-venv)"
fi
# Without pip's own notices, which are about pip.
pip() { "$venv/bin/python" -m pip --disable-pip-version-check "$@"; }
torch=$(sed -n 's/^\(torch==[^ ;#]*\).*/\1/p' constraints.txt)

if [ "$build" = cpu ]; then
    say "2/3 installing $torch, CPU build"
    pip install -q "$torch" --index-url "$cpu_index"
elif ! "$venv/bin/python" -c 'import importlib.metadata as m; m.version("torch")' 2>/dev/null; then
    say "2/3 asking pip which build of $torch this machine gets"
    found=$(pip install -qq --dry-run --no-deps --report - "$torch") ||
        fail "pip finds no $torch for $("$venv/bin/python" --version). Python 3.11 is the tested one:
setup: rm -rf $venv && make setup PYTHON=python3.11"
    if [ "$(uname -s)" = Linux ] && printf "%s" "$found" | grep -q '"nvidia-\|"cuda-'; then
        say "    it is the CUDA build: SEVERAL GIGABYTES. It runs on a CPU too, but needs none of that there."
        say "    For the small CPU build stop now (Ctrl-C) and run: make setup TORCH=cpu"
        say "    (that is: pip install $torch --index-url $cpu_index;"
        say "    with uv: uv pip install --torch-backend=cpu -c constraints.txt -e '.[dev]')"
        [ ! -t 1 ] || sleep 10
    fi
fi
say "3/3 installing Burnish and its tools (a minute or two; more where torch is downloaded)"
pip install -qq -c constraints.txt -e '.[dev]'
say "done: $("$venv/bin/python" -c 'import torch; print("torch", torch.__version__)'), $venv/bin/burnish --help"
