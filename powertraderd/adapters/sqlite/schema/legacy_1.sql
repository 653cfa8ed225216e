-- What the desktop bot left behind, with its figures as it wrote them: quantities and prices are
-- estimates. Amounts are decimal text, times (_us) whole microseconds since 1970 UTC.
CREATE TABLE trade (
  order_id TEXT PRIMARY KEY,
  at_us    INTEGER NOT NULL,
  coin     TEXT NOT NULL,
  side     TEXT NOT NULL,
  tag      TEXT NOT NULL,
  quantity TEXT NOT NULL,
  price    TEXT NOT NULL,
  value    TEXT NOT NULL,
  realised TEXT
) STRICT;

CREATE TABLE account_value (
  at_us INTEGER PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;

CREATE TABLE signal (
  at_us       INTEGER NOT NULL,
  coin        TEXT NOT NULL,
  action      TEXT NOT NULL,
  reason      TEXT NOT NULL,
  long_level  INTEGER NOT NULL,
  short_level INTEGER NOT NULL,
  PRIMARY KEY (at_us, coin, action)
) STRICT, WITHOUT ROWID;
