-- What each decision was made from, so that it can be made again (powertraderd replay).

ALTER TABLE decision ADD COLUMN inputs TEXT;
