"""``python -m powertraderd.adapters.apprise_post``: one delivery, by a process that may be killed.

Reads {"urls", "title", "text"} as JSON from standard input, so that no secret stands in argv or
environment, and prints one JSON list of receipts with masked addresses.
"""

import json
import logging
import sys

import apprise

_LONGEST_ADDRESS = 100


def main() -> int:
    """Deliver; exit code 0 when every address took it."""
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)  # it logs addresses
    wish = json.load(sys.stdin)
    receipts = [_deliver(url, wish["title"], wish["text"]) for url in wish["urls"]]
    json.dump(receipts, sys.stdout)
    return 0 if all(receipt["delivered"] for receipt in receipts) else 1


def _deliver(url: str, title: str, text: str) -> dict[str, object]:
    service = apprise.Apprise.instantiate(url, suppress_exceptions=True)
    if service is None:
        scheme = url.partition(":")[0]
        trouble = "not an address that apprise knows; see its list of services"
        return {"address": f"{scheme}://...", "delivered": False, "trouble": trouble}
    masked: str = service.url(privacy=True)  # type: ignore[no-untyped-call]  # apprise has none
    address = masked.partition("?")[0][:_LONGEST_ADDRESS]
    delivered = bool(service.notify(title=title, body=text))
    trouble = "" if delivered else "the service did not take it"
    return {"address": address, "delivered": delivered, "trouble": trouble}


if __name__ == "__main__":
    sys.exit(main())
