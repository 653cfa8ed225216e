"""Nothing of the SDK is touched outside the border: its objects spin on `in`, iteration and len."""

import ast
from pathlib import Path

import coinbase.rest
import pytest

import powertraderd

ROOT = Path(powertraderd.__file__).parent
BORDER = ROOT / "adapters" / "coinbase" / "client.py"
REAL = [
    path
    for path in sorted(ROOT.rglob("*.py"))
    if "testing" not in path.relative_to(ROOT).parts  # the fake exchange does not use the SDK
]
SDK_METHODS = {name for name in dir(coinbase.rest.RESTClient) if not name.startswith("_")}


def problems(source: str) -> list[str]:
    """What is done with the SDK that must not be done, in the source of one file.

    ``sdk`` may only be the parameter of a lambda whose whole body is one call of one of its
    methods, whose arguments do not mention it; and such a lambda may only be handed to the border.
    """
    tree = ast.parse(source)
    allowed: set[ast.AST] = set()
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Lambda) and [each.arg for each in node.args.args] == ["sdk"]:
            body = node.body
            if (
                isinstance(body, ast.Call)
                and isinstance(body.func, ast.Attribute)
                and isinstance(body.func.value, ast.Name)
                and body.func.value.id == "sdk"
                and body.func.attr in SDK_METHODS
            ):
                allowed.add(body.func.value)
            else:
                found.append(f"line {node.lineno}: the lambda does more than one call")
    found += [
        f"line {node.lineno}: sdk is used outside such a lambda"
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and node.id == "sdk" and node not in allowed
    ]
    return found


@pytest.mark.parametrize("path", REAL, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_sdk_stays_behind_the_border(path: Path) -> None:
    """Only client.py imports it; everyone else names a method, and gets a dictionary."""
    source = path.read_text(encoding="utf-8")
    assert problems(source) == []
    if path != BORDER:
        assert "from coinbase" not in source
        assert "import coinbase\n" not in source


def test_the_border_turns_every_answer_into_a_dictionary_at_once() -> None:
    """The result of the call is used for ``.to_dict()`` and for nothing else."""
    tree = ast.parse(BORDER.read_text(encoding="utf-8"))
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "call"
    ]
    wrapped = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "to_dict"
    ]
    assert calls
    assert calls == wrapped


@pytest.mark.parametrize(
    "source",
    [
        "f = lambda sdk: 'order' in sdk.get_order(x)",
        "f = lambda sdk: list(sdk.get_fills())",
        "f = lambda sdk: len(sdk.get_fills())",
        "f = lambda sdk: [each for each in sdk.get_fills()]",
        "f = lambda sdk: sdk.get_order(x)['order']",
        "f = lambda sdk: sdk.get_order(sdk.get_orders())",
        "def f(sdk):\n    return dict(sdk.get_order(1))",
        "for x in sdk.get_accounts(): pass",
    ],
)
def test_the_ban_notices(source: str) -> None:
    """Each of these would spin for ever on a healthy answer, or is a step towards it."""
    assert problems(source)
