"""Reading the settings: defaults, then the TOML file, then the environment.

``POWERTRADERD_SECTION__KEY`` overrides the file. Unknown keys are refused with the nearest known
name.
"""

import difflib
import os
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from powertraderd.errors import ConfigError
from powertraderd.model.rules import Rules
from powertraderd.settings import CoinSettings, CoinTables, Settings

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
    in the file are meant from the file's own folder. Raises ConfigError that names
    the file, the key, the value and the remedy.
    """
    path = config or _path_from_environment()
    values = _read(path) if path else {}
    for change in changes:
        _apply(values, change)
    _refuse_unknown_keys(values, Settings, str(path))
    _refuse_unknown_variables()
    try:
        merged = _FileAndEnvironment(**values)
    except ValidationError as error:
        raise ConfigError(_explain(error, path)) from None
    return Settings(**{name: getattr(merged, name) for name in Settings.model_fields})


def _path_from_environment() -> Path | None:
    text = os.environ.get(CONFIG_VARIABLE)
    return Path(text) if text else None


def _read(path: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        msg = f"{path}: cannot be read ({error.strerror}); name a settings file with --config"
        raise ConfigError(msg) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        msg = f"{path}: not valid TOML: {error}"
        raise ConfigError(msg) from None
    return _resolve_paths(values, path.resolve().parent)


def _apply(values: dict[str, Any], change: str) -> None:
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
    values: Mapping[str, Any], known: type[BaseModel], place: str, section: str = ""
) -> None:
    if issubclass(known, CoinSettings):
        for coin, tables in values.items():
            _refuse_unknown_of_coin(coin, tables, place)
        return
    for key, value in values.items():
        field = known.model_fields.get(key)
        if field is None:
            where = f"[{section}] {key}" if section else f"[{key}]"
            raise ConfigError(_unknown(f"{place}: {where}", key, known.model_fields))
        table = field.annotation
        if isinstance(table, type) and issubclass(table, BaseModel):
            inner = f"{section}.{key}" if section else key
            if not isinstance(value, dict):
                msg = f"{place}: {inner} must be a table: [{inner}]"
                raise ConfigError(msg)
            _refuse_unknown_keys(value, table, place, inner)


def _refuse_unknown_of_coin(coin: str, tables: object, place: str) -> None:
    """[coins.BTC] holds tables like those of the whole, with some of their keys."""
    if not isinstance(tables, dict):
        msg = f"{place}: coins.{coin} must be a table: [coins.{coin}.dca]"
        raise ConfigError(msg)
    for section, table in tables.items():
        inner = f"coins.{coin}.{section}"
        field = Settings.model_fields.get(section) if section in CoinTables.model_fields else None
        if field is None:
            raise ConfigError(_unknown(f"{place}: [{inner}]", section, CoinTables.model_fields))
        model = field.annotation
        if not isinstance(table, dict):
            msg = f"{place}: {inner} must be a table: [{inner}]"
            raise ConfigError(msg)
        if isinstance(model, type) and issubclass(model, BaseModel):
            _refuse_unknown_keys(table, model, place, inner)


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


def _unknown(place: str, name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    nearest = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f"did you mean {nearest[0]}?" if nearest else f"known: {', '.join(names)}"
    return f"{place}: unknown; {hint}"


def _explain(error: ValidationError, path: Path | None) -> str:
    place = str(path) if path else "settings"
    lines = []
    for problem in error.errors(include_url=False):
        section, *keys = (str(part) for part in problem["loc"] or ("",))
        key = f"[{section}] {'.'.join(keys)}".strip() if section else "settings"
        value = problem["input"]
        shown = "" if isinstance(value, dict | Rules) else f" = {value!r}"
        lines.append(f"{place}: {key}{shown}: {problem['msg']}")
    return "\n".join(lines)
