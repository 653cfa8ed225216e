-- The daemon's own books. Amounts are decimal text, times (_us) whole microseconds since 1970 UTC.
-- cash_flow, fill and remainder share one numbering (seq): replayed in that order they give the
-- books again, which is checked whenever the ledger is opened.

CREATE TABLE account (
  id       INTEGER PRIMARY KEY CHECK (id = 1),
  bookings INTEGER NOT NULL,  -- the newest seq
  writes   INTEGER NOT NULL,  -- counts transactions: a second writer would be noticed
  paid_in  TEXT NOT NULL,
  cash     TEXT NOT NULL,     -- running figure, moved by flows and fills alone
  realised TEXT NOT NULL
) STRICT;
INSERT INTO account VALUES (1, 0, 0, '0', '0', '0');

CREATE TABLE cash_flow (
  seq    INTEGER PRIMARY KEY,
  at_us  INTEGER NOT NULL,
  amount TEXT NOT NULL,
  note   TEXT NOT NULL
) STRICT;

CREATE TABLE orders (
  number          INTEGER PRIMARY KEY AUTOINCREMENT,
  client_order_id TEXT NOT NULL UNIQUE,
  coin            TEXT NOT NULL,
  product_id      TEXT NOT NULL,
  side            TEXT NOT NULL,
  tag             TEXT NOT NULL,
  created_us      INTEGER NOT NULL,
  quote_size      TEXT,
  base_size       TEXT,
  reason_code     TEXT NOT NULL,
  request_id      TEXT UNIQUE,
  inputs          TEXT NOT NULL,
  state           TEXT NOT NULL,
  updated_us      INTEGER NOT NULL,
  order_id        TEXT UNIQUE,
  refusal         TEXT,
  CHECK ((side = 'BUY' AND quote_size IS NOT NULL AND base_size IS NULL)
      OR (side = 'SELL' AND base_size IS NOT NULL AND quote_size IS NULL))
) STRICT;
CREATE INDEX orders_by_time ON orders (created_us);
CREATE UNIQUE INDEX one_order_in_flight ON orders (product_id)
  WHERE state NOT IN ('FILLED', 'CANCELLED', 'EXPIRED', 'REJECTED', 'NOT_PLACED');

CREATE TABLE fill (
  seq             INTEGER PRIMARY KEY,
  trade_id        TEXT NOT NULL UNIQUE,
  client_order_id TEXT NOT NULL REFERENCES orders (client_order_id),
  order_id        TEXT NOT NULL,
  coin            TEXT NOT NULL,
  side            TEXT NOT NULL,
  quantity        TEXT NOT NULL,
  price           TEXT NOT NULL,
  value           TEXT NOT NULL,
  fee             TEXT NOT NULL,
  at_us           INTEGER NOT NULL,
  realised        TEXT
) STRICT;
CREATE INDEX fill_by_order ON fill (client_order_id);

CREATE TABLE remainder (
  seq      INTEGER PRIMARY KEY,
  coin     TEXT NOT NULL,
  at_us    INTEGER NOT NULL,
  realised TEXT NOT NULL
) STRICT;

CREATE TABLE position (
  coin          TEXT PRIMARY KEY,
  quantity      TEXT NOT NULL,
  cost          TEXT NOT NULL,
  fees          TEXT NOT NULL,
  opened_us     INTEGER NOT NULL,
  stage         INTEGER NOT NULL,
  dca_bought_us TEXT NOT NULL,
  trail         TEXT NOT NULL
) STRICT;

CREATE TABLE dust (
  coin     TEXT PRIMARY KEY,
  quantity TEXT NOT NULL
) STRICT;

CREATE TABLE last_exit (
  coin  TEXT PRIMARY KEY,
  at_us INTEGER NOT NULL
) STRICT;

CREATE TABLE decision (
  seq             INTEGER PRIMARY KEY AUTOINCREMENT,
  at_us           INTEGER NOT NULL,
  coin            TEXT NOT NULL,
  action          TEXT NOT NULL,
  reason_code     TEXT NOT NULL,
  numbers         TEXT NOT NULL,
  quote_size      TEXT,
  base_size       TEXT,
  trail           TEXT,
  next_dca_price  TEXT,
  next_dca_source TEXT NOT NULL
) STRICT;
CREATE INDEX decision_by_coin ON decision (coin, seq);

CREATE TABLE account_value (
  at_us INTEGER PRIMARY KEY,
  value TEXT NOT NULL,
  cash  TEXT NOT NULL
) STRICT;
