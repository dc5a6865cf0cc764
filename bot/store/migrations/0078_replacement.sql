-- owner: bot
-- +goose Up

-- Goods that are sent again, or exchanged. No money is in it, and no shop is called:
-- people send them.
CREATE TABLE replacement (
  id       TEXT PRIMARY KEY,
  store    TEXT NOT NULL,
  order_id TEXT NOT NULL,
  number   TEXT NOT NULL,
  body     TEXT NOT NULL,
  facts    TEXT NOT NULL,
  state    TEXT NOT NULL,            -- asked, approved, confirmed, denied, expired
  live     TEXT UNIQUE,              -- the order, while it is not over
  asked_by TEXT NOT NULL,
  asked_in TEXT NOT NULL DEFAULT '', -- where, and whom alone to answer there
  carrier  TEXT NOT NULL DEFAULT '',
  tracking TEXT NOT NULL DEFAULT '',
  sent_by  TEXT NOT NULL DEFAULT '',
  created  BIGINT NOT NULL,
  updated  BIGINT NOT NULL
);
CREATE INDEX replacement_order ON replacement(store, order_id);
