"""The four workers as the supervisor knows them: order, times, and the settings they depend on."""

from typing import Literal

from powertraderd.settings import BudgetSettings, Settings, SupervisorSettings

RoleName = Literal["exporter", "trainer", "thinker", "trader"]

# Each is started when the one before it is ready or has failed to start; stopped in reverse.
START_ORDER: tuple[RoleName, ...] = ("exporter", "trainer", "thinker", "trader")
TRADER: RoleName = "trader"
TRAINER: RoleName = "trainer"

_EVERYONE = frozenset({"trading", "logging"})

# A change in one of these sections restarts the worker on reload.
SECTIONS: dict[RoleName, frozenset[str]] = {
    "exporter": _EVERYONE
    | {"notify", "exporter", "entry", "dca", "exit", "signal", "risk", "coins"},
    "trainer": _EVERYONE | {"candles", "exchange", "training", "signal"},
    "thinker": _EVERYONE | {"candles", "exchange", "training", "signal", "paper"},
    "trader": _EVERYONE
    | {"candles", "exchange", "paper", "entry", "dca", "exit", "signal", "training", "risk"}
    | {"coins"},
}

# A change in one of these needs a new daemon: the supervisor itself stands on them.
FIXED_SECTIONS = frozenset({"paths", "clock", "control"})


def start_budget_s(role: str, budgets: BudgetSettings) -> float:
    """From spawn to ready, machine seconds."""
    extra = {
        "trainer": budgets.load_memory,
        "thinker": budgets.load_memory,
        "trader": budgets.reconcile,
    }
    return budgets.boot + extra.get(role, 0.0)


def cycle_budget_s(role: str, budgets: BudgetSettings) -> float:
    """One whole cycle, machine seconds."""
    return budgets.training_total if role == "trainer" else budgets.cycle


def stop_grace_s(role: str, settings: SupervisorSettings) -> float:
    """From the wish to stop to SIGKILL, machine seconds."""
    return settings.stop_grace_trader if role == TRADER else settings.stop_grace


def changed_sections(old: Settings, new: Settings) -> frozenset[str]:
    """Names of the sections that differ."""
    return frozenset(
        name for name in Settings.model_fields if getattr(old, name) != getattr(new, name)
    )
