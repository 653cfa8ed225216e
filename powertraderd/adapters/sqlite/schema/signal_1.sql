-- The newest signal of each coin, as JSON.
CREATE TABLE signal (
  coin TEXT PRIMARY KEY,
  body TEXT NOT NULL
) STRICT;
