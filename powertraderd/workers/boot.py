"""The first moments of a worker: die with the supervisor, dump stacks when asked, leave no core.

Runs before anything heavy is imported, so that no orphan can be born while numpy loads.
"""

import ctypes
import faulthandler
import os
import resource
import signal

from powertraderd.errors import ExitCode

_PR_SET_PDEATHSIG = 1
_STDERR = 2


def harden(supervisor_pid: int) -> None:
    """Tie this process's life to the supervisor's; exits 70 when that one is gone already."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != supervisor_pid:  # it died between our fork and the prctl
        raise SystemExit(ExitCode.INTERNAL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core dump would hold the trading key
    faulthandler.enable(_STDERR)
    faulthandler.register(signal.SIGUSR1, _STDERR, all_threads=True)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the supervisor's to judge
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
