"""One self-contained page about a run: no script, no picture or font from elsewhere."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from string import Template

import numpy as np

from powertraderd.backtest import charts
from powertraderd.backtest.figures import Figures, figures, groups, months
from powertraderd.backtest.outcome import Outcome
from powertraderd.backtest.track import Track

_PAGE = Template("""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Backtest $coins</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body { font: 15px/1.5 system-ui, sans-serif; color: #22303c; max-width: 60rem; margin: 2rem auto;
  padding: 0 1rem; }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2.2rem }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.9rem }
th, td { padding: 0.2rem 0.8rem; text-align: right; border-bottom: 1px solid #e3e8ec }
th:first-child, td:first-child { text-align: left }
th { font-weight: 600; vertical-align: bottom } svg { width: 100%; height: auto }
.key td:nth-child(2) { font-weight: 600 } .note { color: #5b6b78; font-size: 0.9rem }
details { margin: 0.6rem 0 } summary { cursor: pointer }
</style></head><body>
<h1>Backtest: $coins</h1>
<p class="note">$span. Path within the hour: $path. Taker fee $fee %, spread $spread %.
Learner: $learner. Each prediction was made from candles that had closed by then.</p>
$body
<h2>What this does not say</h2>
<p>Past candles are not future ones. The path within an hour is a guess: real orders meet an order
book, slippage and outages that candles do not show. Settings that were chosen because they did
well on these candles will do less well on others. Averaging down earns small sums often and ties
up large ones rarely: look at the most that was invested before you look at the gain.</p>
</body></html>
""")


@dataclass(frozen=True, slots=True)
class Control:
    """End values of runs with random entries at the same rate."""

    ends: Sequence[float]

    def percentile(self, value: float) -> float:
        """The share of random runs that ended below ``value``, percent."""
        return 100 * float(np.mean(np.asarray(self.ends) < value))


def page(outcome: Outcome, tracks: Sequence[Track], control: Control | None) -> str:
    """The whole page as HTML."""
    found = figures(outcome, tracks)
    plan = outcome.plan
    parts = [
        _key_figures(found, plan.quote, control),
        "<h2>Account</h2>",
        charts.equity(outcome),
        *_control(control, found),
        "<h2>By month</h2>",
        _months(outcome),
        "<h2>By coin and kind of order</h2>",
        _groups(outcome),
        "<h2>Why nothing was bought</h2>",
        _refusals(found),
        "<h2>Trades on the price</h2>",
    ]
    for track in tracks:
        parts += [f"<h3>{escape(track.coin)}</h3>", charts.coin(track, outcome)]
        busiest = charts.close_up(track, outcome)
        if busiest:
            parts += ["<p class='note'>The busiest fortnight, with the levels:</p>", busiest]
    return _PAGE.substitute(
        coins=escape(", ".join(outcome.coins)),
        span=f"{found.start:%Y-%m-%d %H:%M} to {found.end:%Y-%m-%d %H:%M} UTC",
        path=plan.path,
        fee=f"{100 * plan.fee_rate:.4g}",
        spread=f"{plan.spread_pct:.4g}",
        learner=plan.rules.training.learner,
        body="\n".join(parts),
    )


def _key_figures(found: Figures, quote: str, control: Control | None) -> str:
    held = found.buy_and_hold
    rows = [
        ("account value at the end", f"{found.value:,.2f} {quote} ({found.gain_pct:+.1f} %)"),
        ("started with", f"{found.cash:,.2f} {quote}"),
        ("buy and hold, evenly", "unknown" if held is None else f"{held:,.2f} {quote}"),
        ("deepest fall below a peak", f"{found.drawdown_pct:.1f} %"),
        ("longest time under water", f"{found.under_water_days:,.0f} days"),
        ("hours under water", f"{found.under_water_pct:.0f} %"),
        ("most invested at one time", f"{found.most_invested:,.2f} {quote}"),
        ("most invested in one coin", f"{found.most_in_a_coin:,.2f} {quote}"),
        ("in coins on average", f"{found.mean_exposure_pct:.0f} % of the account"),
        ("worst ladder reached", f"stage {found.worst_ladder}"),
        ("entries, averaging down, sales", f"{found.entries}, {found.dca_buys}, {found.sells}"),
        ("realised profit", f"{found.realised:,.2f} {quote}"),
        ("fees paid", f"{found.fees:,.2f} {quote}"),
        ("positions unsold at the end", f"{found.unsold}"),
    ]
    if control is not None:
        share = control.percentile(found.value)
        rows.append((f"better than of {len(control.ends)} random runs", f"{share:.0f} %"))
    if found.halted_at is not None:
        rows.append(("halted by the drawdown limit", f"{found.halted_at:%Y-%m-%d %H:%M} UTC"))
    return _table((), rows, kind="key")


def _control(control: Control | None, found: Figures) -> Iterable[str]:
    if control is None:
        return ()
    ends = np.asarray(control.ends)
    words = (
        f"The same machinery with entries at random hours, at the same rate, averaged down by the "
        f"hard levels alone: {len(ends)} runs ended between {ends.min():,.0f} and "
        f"{ends.max():,.0f}, half of them above {np.median(ends):,.0f}. This run ended at "
        f"{found.value:,.0f}."
    )
    return (
        "<h2>Against entries at random</h2>",
        charts.control(control.ends, found.value),
        f"<p>{words}</p>",
    )


def _months(outcome: Outcome) -> str:
    head = ("month", "value", "gain", "entries", "DCA", "sales", "realised", "fees")
    rows = [
        (
            month.month,
            f"{month.value:,.2f}",
            f"{month.gain_pct:+.2f} %",
            f"{month.entries}",
            f"{month.dca_buys}",
            f"{month.sells}",
            f"{month.realised:,.2f}",
            f"{month.fees:,.2f}",
        )
        for month in months(outcome)
    ]
    return _table(head, rows)


def _groups(outcome: Outcome) -> str:
    head = ("coin", "kind", "orders", "value", "fees", "realised")
    rows = [
        (
            group.coin,
            group.tag.value,
            f"{group.count}",
            f"{group.value:,.2f}",
            f"{group.fees:,.2f}",
            f"{group.realised:,.2f}" if group.realised else "",
        )
        for group in groups(outcome)
    ]
    return _table(head, rows)


def _refusals(found: Figures) -> str:
    counts = sorted(found.refusals.items(), key=lambda item: -item[1])
    rows = [(code, f"{count}") for code, count in counts]
    return _table(("reason", "times it became the reason"), rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], kind: str = "") -> str:
    names = "".join(f"<th>{escape(name)}</th>" for name in head)
    lines = [f"<table class='{kind}'>", f"<tr>{names}</tr>" if head else ""]
    for row in rows:
        cells = "".join(f"<td>{escape(cell)}</td>" for cell in row)
        lines.append(f"<tr>{cells}</tr>")
    return "\n".join([*lines, "</table>"])
