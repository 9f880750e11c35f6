#!/bin/sh
# setup-npm.sh DIRECTORY: OpenAI's npm package, for one test alone; without it that test skips and says so.
# It never fails for want of node, npm or a network. What is installed runs no script of its own and has no dependencies.
set -eu
directory=$1
version=7.57.0

say() { printf 'setup-npm: %s\n' "$*"; }

for program in node npm; do
    command -v "$program" >/dev/null 2>&1 || { say "no $program here; the test that needs it will skip"; exit 0; }
done
package="$directory/node_modules/openai/package.json"
if [ -f "$package" ] && grep -q "\"version\": \"$version\"" "$package"; then
    say "all there: openai $version"
    exit 0
fi
mkdir -p "$directory"
npm install --prefix "$directory" --no-save --ignore-scripts --no-audit --no-fund --fetch-retries 1 --fetch-timeout 20000 \
    "openai@$version" >/dev/null 2>&1 || say "npm could not install openai $version; the test that needs it will skip"
