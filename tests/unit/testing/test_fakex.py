"""The exchange of the tests, spoken to by the real SDK over TLS."""

import json
from decimal import Decimal
from typing import Any

import pytest
import requests
from coinbase.rest import RESTClient

from powertraderd.testing.fakex.figures import total
from powertraderd.testing.venue import Venue

ALGORITHMS = ("ES256", "EdDSA")


def client_of(venue: Venue, algorithm: str = "ES256") -> RESTClient:
    """The SDK with our key and our authority."""
    key_file = str(venue.keys[algorithm].file)
    client = RESTClient(key_file=key_file, base_url=venue.base_url, timeout=5)
    client.session.trust_env = False
    client.session.verify = str(venue.ca_file)
    return client


def buy(client: RESTClient, client_order_id: str = "c-1", size: str = "100") -> Any:  # noqa: ANN401
    """A market buy of BTC."""
    return client.market_order_buy(client_order_id, "BTC-USD", quote_size=size).to_dict()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_key_of_either_kind_opens_the_door(venue: Venue, algorithm: str) -> None:
    """Signed by the SDK, checked with the public half."""
    answer = client_of(venue, algorithm).get_api_key_permissions().to_dict()
    assert answer["can_view"]
    assert answer["can_trade"]
    assert not answer["can_transfer"]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_key_that_is_not_known_is_refused(
    venue: Venue,
    algorithm: str,
    tmp_path: Any,  # noqa: ANN401
) -> None:
    """The name is right, the signature is another's."""
    document = json.loads(venue.keys[algorithm].file.read_text())
    other = "EdDSA" if algorithm == "ES256" else "ES256"
    document["privateKey"] = json.loads(venue.keys[other].file.read_text())["privateKey"]
    forged = tmp_path / "forged.json"
    forged.write_text(json.dumps(document))
    client = client_of(venue, algorithm)
    client.api_secret = document["privateKey"]
    with pytest.raises(requests.HTTPError, match="401 Client Error: Unauthorized"):
        client.get_accounts()
    assert not venue.get("journal")[-1]["jwt_ok"]


def test_a_buy_costs_its_size_and_not_a_digit_more(venue: Venue) -> None:
    """Two fills; value and fees add up to the size; balances follow."""
    client = client_of(venue)
    placed = buy(client)
    assert placed["success"]
    venue.post("clock", step=10)
    fills = client.get_fills(order_ids=[placed["order_id"]]).to_dict()["fills"]
    assert len(fills) == 2
    value = total([Decimal(f["price"]) * Decimal(f["size"]) for f in fills])
    fees = total([Decimal(f["commission"]) for f in fills])
    assert value + fees == 100
    order = client.get_order(placed["order_id"]).to_dict()["order"]
    assert order["status"] == "FILLED"
    assert order["settled"]
    assert Decimal(order["filled_value"]) == value
    assert Decimal(order["total_fees"]) == fees
    accounts = {a["currency"]: a for a in client.get_accounts().to_dict()["accounts"]}
    assert accounts["USD"]["available_balance"]["value"] == "9900"
    assert Decimal(accounts["BTC"]["available_balance"]["value"]) == Decimal(order["filled_size"])


def test_orders_survive_a_sigkill_of_the_exchange(venue: Venue) -> None:
    """Same address, same orders, same balances."""
    client = client_of(venue)
    buy(client)
    venue.post("clock", step=10)
    before, balances = venue.orders(), venue.true_balances()
    venue.stop()
    venue.start()
    assert venue.orders() == before
    assert venue.true_balances() == balances
    assert buy(client)["order_id"] == before[0]["order_id"]


def test_candles_of_kucoin_are_newest_first_and_end_before_the_end(venue: Venue) -> None:
    """Strings; close comes before high and low."""
    query = "type=1hour&symbol=BTC-USDT&startAt=1700000000&endAt=1700010000"
    body = requests.get(f"{venue.kucoin_url}/api/v1/market/candles?{query}", timeout=5).json()
    assert body["code"] == "200000"
    times = [int(row[0]) for row in body["data"]]
    assert times == [1700006400, 1700002800]
    for row in body["data"]:
        opened, close, high, low = map(float, row[1:5])
        assert low <= min(opened, close) <= max(opened, close) <= high
