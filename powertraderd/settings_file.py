"""Reading the settings: defaults, then the TOML file, then the environment.

``POWERTRADERD_SECTION__KEY`` overrides the file. Unknown keys are refused with the nearest known
name.
"""

import difflib
import os
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from powertraderd.errors import ConfigError
from powertraderd.model.coin_rules import CoinSettings, CoinTables
from powertraderd.model.rules import Rules
from powertraderd.settings import Settings
from powertraderd.settings_words import line_of, range_of, toml_value

CONFIG_VARIABLE = "POWERTRADERD_CONFIG"
ENVIRONMENT_PREFIX = "POWERTRADERD_"


class _FileAndEnvironment(BaseSettings, Settings):
    """Settings from keyword arguments (the file), overridden by the environment."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=ENVIRONMENT_PREFIX,
        env_nested_delimiter="__",
        nested_model_default_partial_update=True,
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the base class passes it
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - not used on purpose
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - not used on purpose
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment overrides what is passed in (the file)."""
        return env_settings, init_settings


def load(config: Path | None = None, changes: Sequence[str] = ()) -> Settings:
    """Settings from ``config`` (or POWERTRADERD_CONFIG, or defaults) and the environment.

    ``changes`` (each SECTION.KEY=VALUE, the value as in the file) override the file. Relative paths
    in the file are meant from the file's own folder. Raises ConfigError that names the file, the
    line, the key, the value and what would be right.
    """
    source = _source(named(config))
    for change in changes:
        apply(source.values, change)
    _refuse_unknown_keys(source, Settings)
    _refuse_unknown_variables()
    try:
        merged = _FileAndEnvironment(**source.values)
    except ValidationError as error:
        raise ConfigError(_explain(error, source)) from None
    return Settings(**{name: getattr(merged, name) for name in Settings.model_fields})


@dataclass(frozen=True, slots=True)
class _Source:
    """A settings file: its name, its text, and what it sets. Empty where there is none."""

    name: str
    text: str
    values: dict[str, Any]

    def place(self, path: Sequence[str]) -> str:
        """The file, and the line that sets ``path``."""
        line = line_of(self.text, path)
        return self.name if line is None else f"{self.name} line {line}"


def named(config: Path | None) -> Path | None:
    """The settings file: ``config``, or the one that POWERTRADERD_CONFIG names, or none."""
    text = os.environ.get(CONFIG_VARIABLE)
    return config or (Path(text) if text else None)


def _source(path: Path | None) -> _Source:
    if path is None:
        return _Source("settings", "", {})
    try:
        text = path.read_text(encoding="utf-8")
        values = tomllib.loads(text)
    except OSError as error:
        msg = f"{path}: cannot be read ({error.strerror}); name a settings file with --config"
        raise ConfigError(msg) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        msg = f"{path}: not valid TOML: {error}"
        raise ConfigError(msg) from None
    return _Source(str(path), text, _resolve_paths(values, path.resolve().parent))


def apply(values: dict[str, Any], change: str) -> None:
    """One change; a value that is no TOML by itself is text, so that words need no quotes."""
    name, equals, text = change.partition("=")
    *sections, key = name.strip().split(".")
    if not (equals and sections and all(sections) and key):
        msg = f"{change!r} is no change of a setting: write SECTION.KEY=VALUE"
        raise ConfigError(msg)
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text.strip()
    table = values
    for section in sections:
        table = table.setdefault(section, {})
    table[key] = value


_PATH_KEYS = (
    ("candles", "directory"),
    ("exchange", "ca_file"),
    ("exchange", "key_file"),
    ("paths", "state_dir"),
    ("paths", "runtime_dir"),
    ("logging", "file"),
)


def _resolve_paths(values: dict[str, Any], folder: Path) -> dict[str, Any]:
    for section, key in _PATH_KEYS:
        table = values.get(section)
        if isinstance(table, dict) and isinstance(table.get(key), str):
            table[key] = str(folder / Path(table[key]).expanduser())
    return values


def _refuse_unknown_keys(
    source: _Source,
    known: type[BaseModel],
    path: tuple[str, ...] = (),
    values: Mapping[str, Any] | None = None,
) -> None:
    values = source.values if values is None else values
    if issubclass(known, CoinSettings):
        for coin, tables in values.items():
            _refuse_unknown_of_coin(source, (*path, coin), tables)
        return
    for key, value in values.items():
        field = known.model_fields.get(key)
        inner = (*path, key)
        if field is None:
            where = f"[{'.'.join(path)}] {key}" if path else f"[{key}]"
            place = f"{source.place(inner)}: {where}"
            typing_error = _nearest(key, known.model_fields, _ALMOST_THE_SAME)
            elsewhere = None if typing_error else _elsewhere(place, key)
            raise ConfigError(elsewhere or _unknown(place, key, known.model_fields))
        if table := _table(field):
            _refuse_no_table(source, inner, value)
            _refuse_unknown_keys(source, table, inner, value)


def _refuse_no_table(source: _Source, path: tuple[str, ...], value: object) -> None:
    if not isinstance(value, dict):
        name = ".".join(path)
        msg = f"{source.place(path)}: {name} must be a table: [{name}]"
        raise ConfigError(msg)


def _refuse_unknown_of_coin(source: _Source, path: tuple[str, ...], tables: object) -> None:
    """[coins.BTC] holds tables like those of the whole, with some of their keys."""
    if not isinstance(tables, dict):
        name = ".".join(path)
        msg = f"{source.place(path)}: {name} must be a table: [{name}.dca]"
        raise ConfigError(msg)
    for section, table in tables.items():
        inner = (*path, section)
        field = Settings.model_fields.get(section) if section in CoinTables.model_fields else None
        if field is None:
            place = f"{source.place(inner)}: [{'.'.join(inner)}]"
            raise ConfigError(_unknown(place, section, CoinTables.model_fields))
        _refuse_no_table(source, inner, table)
        if model := _table(field):
            _refuse_unknown_keys(source, model, inner, table)


def _variables() -> set[str]:
    return {
        f"{ENVIRONMENT_PREFIX}{section}__{key}".upper()
        for section, field in Settings.model_fields.items()
        for key in field.annotation.model_fields  # type: ignore[union-attr] # all are sections
    }


def _refuse_unknown_variables() -> None:
    known = _variables()
    for name in os.environ:
        if name.startswith(ENVIRONMENT_PREFIX) and "__" in name:
            variable = "__".join(name.split("__")[:2])
            if variable not in known:
                raise ConfigError(_unknown(f"environment variable {name}", variable, known))


_ALMOST_THE_SAME, _ALIKE = 0.8, 0.5


def _nearest(name: str, known: Iterable[str], cutoff: float) -> list[str]:
    return difflib.get_close_matches(name, sorted(known), n=1, cutoff=cutoff)


def _unknown(place: str, name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    nearest = _nearest(name, names, _ALIKE)
    hint = f"did you mean {nearest[0]}?" if nearest else f"known: {', '.join(names)}"
    return f"{place}: unknown; {hint}"


def set_by(path: Sequence[str]) -> str | None:
    """The variable that sets ``path`` now, also one that sets its whole section as JSON."""
    there = {name.upper() for name in os.environ}
    names = ["__".join(path[: length + 1]).upper() for length in range(1, len(path))]
    variables = [f"{ENVIRONMENT_PREFIX}{name}" for name in reversed(names)]
    return next((variable for variable in variables if variable in there), None)


def _elsewhere(place: str, key: str) -> str | None:
    """Where a key that stands in the wrong section belongs."""
    homes = [
        f"[{section}]"
        for section, field in Settings.model_fields.items()
        if (table := _table(field)) and key in table.model_fields
    ]
    return f"{place}: unknown here; it belongs to {' or '.join(homes)}" if homes else None


def _explain(error: ValidationError, source: _Source) -> str:
    return "\n".join(_problem(each, source) for each in error.errors(include_url=False))


_SECRET = ("notify", "urls")
"""Its values hold passwords: an error, which may be logged, names the place alone."""
_DOTTED = re.compile(r"[a-z_]+(\.\w+)+")


def _problem(problem: ErrorDetails, source: _Source) -> str:
    """One line: place, key, value, what is wrong, and what would be right."""
    wrong = problem["msg"].removeprefix("Value error, ")
    if not problem["loc"]:  # a rule over several sections names a key in its own words
        named = _DOTTED.match(wrong)
        path = tuple(named[0].split(".")) if named else ()
        return f"{_place(path, source)}: {wrong}{_right(path)}"
    path = tuple(str(part) for part in problem["loc"])
    key = f"[{path[0]}] {'.'.join(path[1:])}".strip()
    value = problem["input"]
    told = not isinstance(value, dict | Rules) and path[:2] != _SECRET
    shown = f" = {value!r}" if told else ""
    return f"{_place(path, source)}: {key}{shown}: {wrong}{_right(path)}"


def _place(path: tuple[str, ...], source: _Source) -> str:
    variable = set_by(path)
    return f"environment {variable}" if variable else source.place(path)


def _right(path: tuple[str, ...]) -> str:
    """The range and the default of the setting that ``path`` leads to, where it is one."""
    field = _field(path[2:] if path[:1] == ("coins",) else path)
    if field is None:
        return ""
    bounds = range_of(field)  # choices stand in the message already
    words = [f"range {bounds}"] if bounds and not bounds.startswith("one of") else []
    if not field.is_required() and field.default is not None and field.default_factory is None:
        words.append(f"default {toml_value(field.default)}")
    return f" ({'; '.join(words)})" if words else ""


def _field(path: tuple[str, ...]) -> FieldInfo | None:
    """The setting; None for a table and for what there is not."""
    table: type[BaseModel] | None = Settings
    found: FieldInfo | None = None
    for part in path:
        if table is None:
            break
        found = table.model_fields.get(part)
        table = _table(found) if found else None
    return None if table else found


def _table(field: FieldInfo) -> type[BaseModel] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None
