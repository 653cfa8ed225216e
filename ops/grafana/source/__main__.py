"""Write all dashboards as JSON into the folder given, else into ops/grafana/dashboards."""

import sys
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from ops.grafana.source.coin import coin
from ops.grafana.source.overview import overview
from ops.grafana.source.risk import risk
from ops.grafana.source.trading import trading
from ops.grafana.source.training import training
from ops.grafana.source.workers import workers

FOLDER = Path(__file__).parents[1] / "dashboards"


def write(folder: Path) -> None:
    """One file for each, named for it; panels without a number get that of their place."""
    for make in (overview, coin, trading, risk, workers, training):
        built = make().build()
        for number, panel in enumerate(built.panels or (), 1):
            panel.id_val = panel.id_val or number
        text = JSONEncoder(sort_keys=True, indent=2).encode(built)
        (folder / f"{make.__name__}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]) if sys.argv[1:] else FOLDER)
