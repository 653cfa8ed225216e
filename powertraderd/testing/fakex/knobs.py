"""What the documentation leaves open, and how generous the exchange is: one place to set it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any


@dataclass(slots=True)
class Knobs:
    """Times in seconds unless the name says otherwise; see FAKE_EXCHANGE.md for the words."""

    dup_policy: str = "return_existing"  # reject, reject_409, allow, return_existing_within_ttl:S
    auth_clock: str = "virtual"  # or wall: for tests that step the virtual clock
    leeway_s: float = 5.0
    nonce_replay: str = "reject"  # or ignore
    can_view: bool = True
    can_trade: bool = True
    can_transfer: bool = False
    unknown_fields: bool = False
    omit_optional: bool = False
    blank_numbers: bool = False
    accept_numbers: bool = False
    legacy_create_fields: bool = True
    error_field: str = "both"  # error, new_order_failure_reason
    envelope: str = "plain"  # or grpc
    rl_header_case: str = "lower"  # canonical, absent
    private_rps: float = 30.0
    public_rps: float = 10.0
    hourly: int = 0  # requests an hour and key; 0: no such limit
    retry_after: str = "absent"  # seconds, http-date, garbage
    limit_body: str = "json"  # text, empty
    abuse_429s: int = 50  # so many 429 in 10 s bring a 403 page for a minute
    empty_ladder: str = "refuse"  # cancelled, failed
    preview_lies: bool = False
    client_id_lookup: bool = False
    combined_open_filter: str = "reject"  # or accept
    fill_size_in_quote: bool = False
    taker_fee_rate: str = "0.006"
    maker_fee_rate: str = "0.004"
    min_fills: int = 2
    t_accept_ms: int = 0
    t_fill_ms: int = 50
    t_settle_ms: int = 200
    t_jitter_ms: int = 0
    order_lag_s: float = 0.0
    list_lag_s: float = 0.0
    fills_lag_s: float = 0.0
    balance_lag_s: float = 0.0
    cursor_loop: bool = False
    empty_page_with_has_next: bool = False
    dup_across_pages: bool = False
    page_size: int = 49
    balance_decimals: int = 16  # what is finer is not shown
    kucoin_in_progress: str = "include"  # or exclude
    kucoin_end_inclusive: bool = False
    kucoin_no_range: str = "empty"  # or latest
    kucoin_rate_headers: bool = True
    kucoin_limit: str = "http"  # code (HTTP 200 with 429000), html
    kucoin_pool: int = 2000
    reconcile_window_s: float = 60.0
    deadline_s: float = 20.0
    stale_after_s: float = 60.0
    same_gets_per_s: int = 30

    def change(self, patch: Mapping[str, Any]) -> None:
        """Set knobs by name; raises ValueError for one that does not exist."""
        known = {field.name for field in fields(self)}
        for name, value in patch.items():
            if name not in known:
                msg = f"there is no knob {name!r}; there are {', '.join(sorted(known))}"
                raise ValueError(msg)
            setattr(self, name, value)
