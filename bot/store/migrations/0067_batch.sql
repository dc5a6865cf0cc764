-- owner: bot
-- +goose Up

-- A list of refunds that somebody asked for at once.
CREATE TABLE batch (
  id       TEXT PRIMARY KEY,
  by_who   TEXT NOT NULL,
  state    TEXT NOT NULL,
  asked_in TEXT NOT NULL,
  looked   BIGINT NOT NULL DEFAULT 0, -- when the dry run came to its end
  painted  BIGINT NOT NULL DEFAULT 0,
  created  BIGINT NOT NULL,
  updated  BIGINT NOT NULL
);
CREATE INDEX batch_by ON batch(by_who, created);
CREATE TABLE batch_row (
  batch    TEXT NOT NULL,
  n        BIGINT NOT NULL,
  line     BIGINT NOT NULL,
  wish     TEXT NOT NULL,            -- what was asked, as it was read
  state    TEXT NOT NULL,
  why      TEXT NOT NULL DEFAULT '', -- what is wrong with it, in every language
  store    TEXT NOT NULL DEFAULT '',
  order_id TEXT NOT NULL DEFAULT '',
  number   TEXT NOT NULL DEFAULT '',
  facts    TEXT NOT NULL DEFAULT '',
  body     TEXT NOT NULL DEFAULT '', -- what the dry run found; gone once it is asked for
  chunk    BIGINT NOT NULL DEFAULT 0,
  refund   TEXT NOT NULL DEFAULT '',
  past     BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (batch, n)
);
CREATE INDEX batch_row_order ON batch_row(batch, store, order_id);
-- What is approved at once: at most ten of a list, of one store and currency.
CREATE TABLE batch_chunk (
  batch    TEXT NOT NULL,
  n        BIGINT NOT NULL,
  store    TEXT NOT NULL,
  body     TEXT NOT NULL,
  facts    TEXT NOT NULL,
  state    TEXT NOT NULL,
  at_row   BIGINT NOT NULL DEFAULT 0, -- where it stopped
  await    BIGINT NOT NULL DEFAULT 0, -- the row whose fate is waited for, however long
  why      TEXT NOT NULL DEFAULT '',
  updated  BIGINT NOT NULL,
  PRIMARY KEY (batch, n)
);
