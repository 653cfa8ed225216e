"""Files of candles: what is accepted, and what is said about the rest."""

import gzip
from pathlib import Path

import pytest

from powertraderd.adapters.candle_csv import read_hours
from powertraderd.errors import ConfigError

HEADER = "time,open,high,low,close,volume"
GOOD = ["1704067200,10,12,9,11,5", "1704070800,11,12,9,10,0", "1704081600,10,10,10,10,1e3"]


def written(folder: Path, *lines: str) -> Path:
    """A file of these lines."""
    path = folder / "BTC_1h.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_columns_are_found_by_their_names(tmp_path: Path) -> None:
    """In any order and case, with others between them."""
    path = written(
        tmp_path, "Close, LOW ,turnover,open,high,volume,time", "11,9,x,10,12,5,1704067200"
    )
    hours = read_hours(path)
    assert len(hours) == 1
    assert (hours.opened[0], hours.open[0], hours.high[0]) == (1704067200, 10.0, 12.0)
    assert (hours.low[0], hours.close[0], hours.volume[0]) == (9.0, 11.0, 5.0)


def test_good_rows_are_all_there(tmp_path: Path) -> None:
    """A gap between them is no fault; neither is a mark at the start of the file."""
    path = written(tmp_path, "\ufeff" + HEADER, *GOOD)
    assert list(read_hours(path).opened) == [1704067200, 1704070800, 1704081600]


@pytest.mark.parametrize(
    ("line", "column", "problem"),
    [
        ("1704085200,10,12,9,11", "volume", "5 fields, not 6"),
        ("1704085200,10,12,9,11,5,6", "volume", "7 fields, not 6"),
        ("", "time", "0 fields, not 6"),
        ("noon,10,12,9,11,5", "time", "'noon' is not a whole number"),
        ("1704085200.5,10,12,9,11,5", "time", "not a whole number"),
        ("1704085201,10,12,9,11,5", "time", "not the start of an hour"),
        ("1704081600,10,12,9,11,5", "time", "does not come after 1704081600"),
        ("1704078000,10,12,9,11,5", "time", "does not come after 1704081600"),
        ("1704085200000,10,12,9,11,5", "time", "milliseconds"),
        ("-3600,10,12,9,11,5", "time", "not a time"),
        ("1704085200,ten,12,9,11,5", "open", "'ten' is not a number"),
        ("1704085200,10,,9,11,5", "high", "'' is not a number"),
        ("1704085200,10,12,nan,11,5", "low", "nan is not a price above zero"),
        ("1704085200,10,inf,9,11,5", "high", "inf is not a price above zero"),
        ("1704085200,10,12,0,11,5", "low", "0 is not a price above zero"),
        ("1704085200,10,12,9,-11,5", "close", "-11 is not a price above zero"),
        ("1704085200,10,12,9,11,-5", "volume", "not a volume of zero or more"),
        ("1704085200,10,12,9,11,inf", "volume", "not a volume of zero or more"),
        ("1704085200,10,10.5,9,11,5", "high", "below another price"),
        ("1704085200,10,12,10.5,11,5", "low", "above another price"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, line: str, column: str, problem: str) -> None:
    """File, line, column, what is wrong and what to do."""
    path = written(tmp_path, HEADER, *GOOD, line, "1704092400,10,12,9,11,5")
    with pytest.raises(ConfigError) as error:
        read_hours(path)
    assert f"{path}: line 5, column {column}: " in str(error.value)
    assert problem in str(error.value)
    assert "mend or remove the row" in str(error.value)


@pytest.mark.parametrize(
    ("header", "column", "problem"),
    [
        ("time,open,high,low,close", "volume", "is missing"),
        ("time,open,high,low,close,volume,open", "open", "appears more than once"),
        ("1704067200,10,12,9,11,5", "time", "is missing"),
    ],
)
def test_a_bad_header_is_named(tmp_path: Path, header: str, column: str, problem: str) -> None:
    """Also a file without a header."""
    with pytest.raises(ConfigError, match=f"line 1, column {column}: {problem}"):
        read_hours(written(tmp_path, header, *GOOD))


@pytest.mark.parametrize("text", ["", HEADER, HEADER + "\n"])
def test_a_file_without_candles_is_refused(tmp_path: Path, text: str) -> None:
    """Empty, or with a header alone."""
    path = tmp_path / "BTC_1h.csv"
    path.write_text(text)
    with pytest.raises(ConfigError, match=str(path)):
        read_hours(path)


def packed(folder: Path) -> Path:
    """A packed file of many rows."""
    rows = [f"{1704067200 + 3600 * n},{10 + n % 7},20,9,{11 + n % 5},5" for n in range(2000)]
    path = folder / "BTC_1h.csv.gz"
    path.write_bytes(gzip.compress("\n".join([HEADER, *rows]).encode()))
    return path


def test_a_packed_file_is_read_whole(tmp_path: Path) -> None:
    """All of its rows."""
    assert len(read_hours(packed(tmp_path))) == 2000


@pytest.mark.parametrize("damage", ["cut", "garbage", "flipped", "bytes", "nul"])
def test_a_damaged_file_is_refused(tmp_path: Path, damage: str) -> None:
    """Cut, not packed at all, one byte changed, no text: never read in part."""
    path = packed(tmp_path)
    data = bytearray(path.read_bytes())
    if damage == "cut":
        del data[-20:]
    elif damage == "garbage":
        data = bytearray(b"this is not what its name says")
    elif damage == "flipped":
        data[len(data) // 2] ^= 0xFF
    elif damage == "bytes":
        data = bytearray(gzip.compress(HEADER.encode() + b"\n\xff\xfe,1"))
    else:
        data = bytearray(gzip.compress(HEADER.encode() + b'\n"17\n'))
    path.write_bytes(data)
    with pytest.raises(ConfigError, match=str(path)):
        read_hours(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """It may vanish after the folder was listed."""
    with pytest.raises(ConfigError, match="nope"):
        read_hours(tmp_path / "nope.csv")
