#!/usr/bin/env bash
# Pictures of the dashboards without a Grafana server: the daemon of the demo, a real Prometheus, the
# dashboards' own JSON, Grafana's components in headless Chromium. They land in docs/dashboards.
#   ops/grafana/preview/shoot.sh [SECONDS of trading, default 300] [COIN, default XRP]
# Needs prometheus, chromium, node 20 or newer and npm; `make venv` first.
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../../.. && pwd) seconds=${1:-300} coin=${2:-XRP}
metrics=127.0.0.1:19464 prometheus=127.0.0.1:19090 page=127.0.0.1:14173
folder=$(mktemp -d)
children=()
trap 'kill "${children[@]}" 2>/dev/null || true; wait; rm -rf "$folder"' EXIT

[ -d node_modules ] || npm ci --ignore-scripts --no-audit --no-fund
node node_modules/vite/bin/vite.js build --logLevel warn

"$root/.venv/bin/python" -c 'import sys; from pathlib import Path
from powertraderd.commands import demo_settings; demo_settings.write(Path(sys.argv[1]))' "$folder"
POWERTRADERD_EXPORTER__LISTEN=$metrics POWERTRADERD_PATHS__RUNTIME_DIR=$folder/run \
  "$root/.venv/bin/powertraderd" run --config "$folder/powertraderd.toml" >"$folder/daemon.log" 2>&1 &
children+=($!)
cat >"$folder/prometheus.yml" <<YAML
global: {scrape_interval: 2s, evaluation_interval: 2s}
rule_files: ["$root/ops/prometheus/rules/*.yml"]
scrape_configs: [{job_name: powertraderd, static_configs: [{targets: ["$metrics"]}]}]
YAML
prometheus --config.file="$folder/prometheus.yml" --storage.tsdb.path="$folder/tsdb" \
  --web.listen-address=$prometheus 2>"$folder/prometheus.log" &
children+=($!)
PROMETHEUS=http://$prometheus node node_modules/vite/bin/vite.js preview --port "${page##*:}" \
  >"$folder/page.log" 2>&1 &
children+=($!)

echo "the demo trades for $seconds s before the pictures are taken"
sleep "$seconds"
mkdir -p "$root/docs/dashboards"
shoot() { # BOARD SECONDS
  local rows
  rows=$(node -p "Math.max(...JSON.parse(require('fs').readFileSync('../dashboards/$1.json')).panels.map((p) => p.gridPos.y + p.gridPos.h))")
  chromium --headless=new --no-sandbox --disable-gpu --hide-scrollbars \
    --window-size=1600,$((rows * 38 + 140)) --virtual-time-budget=120000 \
    --screenshot="$root/docs/dashboards/$1.png" \
    "http://$page/?board=$1&seconds=$2&coin=$coin" 2>>"$folder/chromium.log"
  echo "docs/dashboards/$1.png"
}
shoot coin 140
for board in overview trading risk workers training; do shoot "$board" "$((seconds < 280 ? seconds : 280))"; done
