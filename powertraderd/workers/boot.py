"""The first moments of a worker: die with the supervisor, dump stacks when asked, leave no core.

Runs before anything heavy is imported, so that no orphan can be born while numpy loads.
"""

import ctypes
import faulthandler
import os
import resource
import signal
import sys

from powertraderd.errors import ExitCode
from powertraderd.supervision.page import dumps_behind

_PR_SET_PDEATHSIG = 1


def harden(supervisor_pid: int, page_fd: int) -> None:
    """Tie this process's life to the supervisor's; exits 70 when that one is gone already.

    Stacks are dumped behind the page of ``page_fd``, where the supervisor finds them afterwards.
    """
    # structlog loads rich, for coloured tracebacks, wherever it finds it: 5 MB that no worker uses
    sys.modules["rich"] = None  # type: ignore[assignment]  # None means: cannot be imported
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != supervisor_pid:  # it died between our fork and the prctl
        raise SystemExit(ExitCode.INTERNAL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core dump would hold the trading key
    dumps_behind(page_fd)
    faulthandler.enable(page_fd)
    faulthandler.register(signal.SIGUSR1, page_fd, all_threads=True)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the supervisor's to judge
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
