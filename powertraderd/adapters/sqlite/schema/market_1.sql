-- Closed candles of a venue. opened_s: epoch seconds; figures are IEEE doubles, as received.
CREATE TABLE series (
  id        INTEGER PRIMARY KEY,
  coin      TEXT NOT NULL,
  timeframe TEXT NOT NULL,
  UNIQUE (coin, timeframe)
) STRICT;

CREATE TABLE candle (
  series   INTEGER NOT NULL REFERENCES series (id),
  opened_s INTEGER NOT NULL,
  open     REAL NOT NULL,
  high     REAL NOT NULL,
  low      REAL NOT NULL,
  close    REAL NOT NULL,
  volume   REAL NOT NULL,
  PRIMARY KEY (series, opened_s)
) STRICT, WITHOUT ROWID;
