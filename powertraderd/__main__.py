"""`powertraderd`: the daemon and the tools that need no daemon."""

import sys
from collections.abc import Callable, Mapping

import typer

from powertraderd import __version__

Verb = Callable[..., None] | typer.Typer


# Each verb is imported only when it is wanted: the daemon must not carry the model's numpy.
def _run() -> Verb:
    from powertraderd.commands.run import run  # noqa: PLC0415

    return run


def _demo() -> Verb:
    from powertraderd.commands.demo import demo  # noqa: PLC0415

    return demo


def _check_config() -> Verb:
    from powertraderd.commands.check_config import check_config  # noqa: PLC0415

    return check_config


def _model() -> Verb:
    from powertraderd.commands.model import model  # noqa: PLC0415

    return model


def _backup() -> Verb:
    from powertraderd.commands.backup import backup  # noqa: PLC0415

    return backup


def _restore() -> Verb:
    from powertraderd.commands.backup import restore  # noqa: PLC0415

    return restore


def _backtest() -> Verb:
    from powertraderd.commands.backtest import backtest  # noqa: PLC0415

    return backtest


def _evaluate() -> Verb:
    from powertraderd.commands.evaluate import evaluate  # noqa: PLC0415

    return evaluate


def _sweep() -> Verb:
    from powertraderd.commands.sweep import sweep  # noqa: PLC0415

    return sweep


def _replay() -> Verb:
    from powertraderd.commands.replay import replay  # noqa: PLC0415

    return replay


def _levels() -> Verb:
    from powertraderd.commands.levels import levels  # noqa: PLC0415

    return levels


def _doctor() -> Verb:
    from powertraderd.commands.doctor import doctor  # noqa: PLC0415

    return doctor


def _init() -> Verb:
    from powertraderd.commands.init import init  # noqa: PLC0415

    return init


def _import_legacy() -> Verb:
    from powertraderd.commands.import_legacy import import_legacy  # noqa: PLC0415

    return import_legacy


def _creds() -> Verb:
    from powertraderd.commands.creds import app  # noqa: PLC0415

    return app


def _candles() -> Verb:
    from powertraderd.commands.candles import app  # noqa: PLC0415

    return app


VERBS: Mapping[str, Callable[[], Verb]] = {
    "run": _run,
    "demo": _demo,
    "check-config": _check_config,
    "model": _model,
    "backtest": _backtest,
    "evaluate": _evaluate,
    "sweep": _sweep,
    "replay": _replay,
    "levels": _levels,
    "backup": _backup,
    "restore": _restore,
    "init": _init,
    "doctor": _doctor,
    "creds": _creds,
    "candles": _candles,
    "import-legacy": _import_legacy,
}


def _about(
    *,
    version: bool = typer.Option(False, "--version", help="Print the version."),  # noqa: FBT003 - typer's way
) -> None:
    if version:
        sys.stdout.write(f"powertraderd {__version__}\n")
        raise SystemExit(0)


def build(wanted: str | None) -> typer.Typer:
    """The command line with the verb that is wanted, or with all of them (for --help)."""
    app = typer.Typer(
        name="powertraderd",
        help="A hardened headless daemon that trades crypto spot. Ask and steer it with `ptctl`.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(invoke_without_command=True)(_about)
    for name, load in VERBS.items():
        if name != wanted and wanted in VERBS:
            continue
        verb = load()
        if isinstance(verb, typer.Typer):
            app.add_typer(verb, name=name)
        else:
            app.command(name)(verb)
    return app


def main() -> None:
    """Run one verb."""
    build(sys.argv[1] if len(sys.argv) > 1 else None)(prog_name="powertraderd")


if __name__ == "__main__":
    main()
