-- What really happened at the paper exchange, as an exchange would keep it. Amounts are decimal
-- text, times (_us) whole microseconds since 1970 UTC. An order and its fills are written at once;
-- fills show from settles_us on, and until then their effect is held back from the balances.
CREATE TABLE deposit (
  number   INTEGER PRIMARY KEY,
  currency TEXT NOT NULL,
  amount   TEXT NOT NULL,
  at_us    INTEGER NOT NULL
) STRICT;

CREATE TABLE product (
  product_id      TEXT PRIMARY KEY,
  coin            TEXT NOT NULL,
  base_increment  TEXT NOT NULL,
  quote_increment TEXT NOT NULL,
  base_min_size   TEXT NOT NULL,
  quote_min_size  TEXT NOT NULL,
  quote_max_size  TEXT NOT NULL
) STRICT;

CREATE TABLE orders (
  number          INTEGER PRIMARY KEY AUTOINCREMENT,
  order_id        TEXT NOT NULL UNIQUE,
  client_order_id TEXT NOT NULL UNIQUE,
  product_id      TEXT NOT NULL,
  side            TEXT NOT NULL,
  quote_size      TEXT,
  base_size       TEXT,
  created_us      INTEGER NOT NULL,
  settles_us      INTEGER NOT NULL
) STRICT;
CREATE INDEX orders_by_product ON orders (product_id, created_us);
CREATE INDEX orders_by_settling ON orders (settles_us);

CREATE TABLE fill (
  number   INTEGER PRIMARY KEY AUTOINCREMENT,
  trade_id TEXT NOT NULL UNIQUE,
  order_id TEXT NOT NULL REFERENCES orders (order_id),
  coin     TEXT NOT NULL,
  side     TEXT NOT NULL,
  quantity TEXT NOT NULL,
  price    TEXT NOT NULL,
  value    TEXT NOT NULL,
  fee      TEXT NOT NULL
) STRICT;
CREATE INDEX fill_by_order ON fill (order_id);

CREATE TABLE balance (
  currency TEXT PRIMARY KEY,
  amount   TEXT NOT NULL
) STRICT;
