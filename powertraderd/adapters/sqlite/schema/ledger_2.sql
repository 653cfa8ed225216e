-- The highest that account value less cash paid in ever was, for the drawdown limit; and what was
-- realised since a moment is asked at every tick.

CREATE TABLE high_water (
  id    INTEGER PRIMARY KEY CHECK (id = 1),
  at_us INTEGER NOT NULL,
  gain  TEXT NOT NULL
) STRICT;

CREATE INDEX fill_by_time ON fill (at_us) WHERE realised IS NOT NULL;
CREATE INDEX remainder_by_time ON remainder (at_us);
