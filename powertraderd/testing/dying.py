"""Death at a chosen call: what SIGKILL leaves behind, without a process to kill."""

from typing import Any, Literal

When = Literal["before", "after"]


class Killed(BaseException):
    """The process ended here; nothing of ours may catch this."""


class Dying:
    """Stands in for ``inner`` and dies before or after the ``nth`` call of ``method``."""

    def __init__(self, inner: object, method: str, when: When, nth: int = 1) -> None:
        """Every other call goes through."""
        self._inner = inner
        self._method = method
        self._when = when
        self._left = nth

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the inner one has
        """The inner one's attribute, deadly where it was chosen."""
        attribute = getattr(self._inner, name)
        if name != self._method:
            return attribute

        def deadly(*args: object, **kwargs: object) -> object:
            self._left -= 1
            if self._left:
                return attribute(*args, **kwargs)
            if self._when == "after":
                attribute(*args, **kwargs)
            raise Killed

        return deadly
