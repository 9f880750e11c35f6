#!/bin/sh
# setup-clients.sh VENV: LiteLLM and LangChain's ChatOpenAI, for one test alone, in a virtual environment of their own.
set -eu
venv=$1
[ -x "$venv/bin/python" ] || "${PYTHON:-python3}" -m venv "$venv"
"$venv/bin/python" -m pip install -q --disable-pip-version-check litellm==1.110.2 langchain-openai==1.7.4
