"""The desktop bot's gui_settings.json in our own words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ValidationError

from powertraderd.adapters.legacy.finding import Finding, Outcome
from powertraderd.adapters.legacy.text import Row
from powertraderd.settings import Settings
from powertraderd.settings_words import toml_value

FILE = "gui_settings.json"
FOLDERS = ("main_neural_dir", "hub_data_dir")
"""Where the bot kept its files when not in its own folder; the importer looks there."""


@dataclass(frozen=True, slots=True)
class Translated:
    """One setting under our name; ``value`` is as the settings hold it."""

    section: str
    key: str
    value: Any
    old_key: str
    note: str = ""


_NAMES = {
    "coins": ("trading", "coins"),
    "trade_start_level": ("entry", "min_long_level"),
    "start_allocation_pct": ("entry", "allocation_pct"),
    "dca_multiplier": ("dca", "multiplier"),
    "dca_levels": ("dca", "drawdown_levels_pct"),
    "max_dca_buys_per_24h": ("dca", "max_per_24h"),
    "dca_cooldown_minutes": ("dca", "cooldown_minutes"),
    "pm_start_pct_no_dca": ("exit", "start_pct"),
    "pm_start_pct_with_dca": ("exit", "start_pct_after_dca"),
    "trailing_gap_pct": ("exit", "trailing_gap_pct"),
}
_BOT_DEFAULTS = {"max_dca_buys_per_24h": "2", "dca_cooldown_minutes": "60"}
_UNIT = (
    "percent, the same number as before: the bot took it for a percent although its text said "
    "0.5 %; set 0.5 if you meant that"
)


def translate(old: Row) -> tuple[list[Translated], list[Finding]]:
    """What of ``old`` can be taken, and a finding for each of its keys."""
    taken: list[Translated] = []
    findings: list[Finding] = []
    for old_key, value in old.items():
        if old_key in FOLDERS:
            findings.append(_folder(old_key, value))
        elif old_key not in _NAMES:
            findings.append(Finding(Outcome.NOT_NEEDED, FILE, f"{old_key}: of the old window only"))
        else:
            one = _translated(old_key, value)
            if isinstance(one, Translated):
                taken.append(one)
                findings.append(_taken(one))
            else:
                findings.append(one)
    return taken, findings


def _folder(old_key: str, value: object) -> Finding:
    where = f"looked into {value}" if value else "not set, the bot's own folder"
    return Finding(Outcome.NOT_NEEDED, FILE, f"{old_key}: {where}")


def _translated(old_key: str, value: object) -> Translated | Finding:
    section, key = _NAMES[old_key]
    if value is None:
        what = f"{old_key} is empty: {section}.{key} keeps its default"
        return Finding(Outcome.NOT_NEEDED, FILE, what)
    given = _coins(value) if old_key == "coins" else value
    model = Settings.model_fields[section].annotation
    assert isinstance(model, type)  # noqa: S101 - every section is a class
    assert issubclass(model, BaseModel)  # noqa: S101
    try:
        checked = getattr(model.model_validate({key: given}), key)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]["msg"]
        what = f"{old_key} = {_shown(value)}: not taken for {section}.{key}: {problem}"
        return Finding(Outcome.DAMAGED, FILE, what)
    return Translated(section, key, checked, old_key, _note(old_key, value, given))


def _coins(value: object) -> object:
    """The bot's window let blanks and small letters through."""
    if not isinstance(value, list):
        return value
    names = [str(each).strip().upper() for each in value]
    return [name for name in dict.fromkeys(names) if name]


def _note(old_key: str, value: object, given: object) -> str:
    if old_key == "start_allocation_pct":
        return _UNIT
    if old_key in _BOT_DEFAULTS and value == 0:
        default = _BOT_DEFAULTS[old_key]
        return f"zero means none here; the bot silently took 0 for its default {default}"
    return "blanks and small letters mended" if given != value else ""


def _taken(one: Translated) -> Finding:
    outcome = Outcome.CONVERTED if one.note else Outcome.TAKEN
    note = f" ({one.note})" if one.note else ""
    what = f"{one.old_key} -> {one.section}.{one.key} = {toml_value(one.value)}{note}"
    return Finding(outcome, FILE, what)


def _shown(value: object) -> str:
    return str(value) if isinstance(value, Decimal) else repr(value)[:80]


def toml(taken: list[Translated]) -> str:
    """A settings file with what was taken; all else stays at our defaults."""
    return "\n".join(_toml_lines(taken)) + "\n"


def _toml_lines(taken: list[Translated]) -> Iterator[str]:
    yield f"# Taken from {FILE} of PowerTrader_AI by `powertraderd import-legacy`."
    yield "# Every other setting has its default: powertraderd check-config --explain"
    by_section: Mapping[str, list[Translated]] = {
        section: [one for one in taken if one.section == section]
        for section in dict.fromkeys(one.section for one in taken)
    }
    for section, ones in by_section.items():
        yield ""
        yield f"[{section}]"
        for one in ones:
            if one.note:
                yield f"# {one.note}"
            yield f"{one.key} = {toml_value(one.value)}"
