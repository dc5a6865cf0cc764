-- owner: bot
-- +goose Up

-- What followed a refund that happened: the buyer is told, goods are put back into
-- stock, a return is closed. Each once.
CREATE TABLE refund_after (
  refund TEXT NOT NULL,
  what   TEXT NOT NULL, -- tell, stock, return
  state  TEXT NOT NULL,
  detail TEXT NOT NULL DEFAULT '',
  at     BIGINT NOT NULL,
  PRIMARY KEY (refund, what)
);
CREATE INDEX message_order ON message(store, order_ref, at);

-- Our refunds held against what the platforms show: a round, its part for each
-- store, and the differences that are open.
CREATE TABLE ledger_run (
  id     TEXT PRIMARY KEY,
  day    TEXT, -- of a nightly one; NULL of one that somebody asked for
  by_who TEXT NOT NULL,
  began  BIGINT NOT NULL,
  UNIQUE (day)
);
CREATE TABLE ledger_part (
  run       TEXT NOT NULL REFERENCES ledger_run(id),
  store     TEXT NOT NULL,
  state     TEXT NOT NULL, -- running, done, unread
  why       TEXT NOT NULL DEFAULT '', -- why it could not be read the last time
  pos       TEXT NOT NULL DEFAULT '', -- the last order that was compared
  total     BIGINT NOT NULL DEFAULT 0,
  looked    BIGINT NOT NULL DEFAULT 0,
  unread    BIGINT NOT NULL DEFAULT 0,
  differing BIGINT NOT NULL DEFAULT 0,
  elsewhere BIGINT NOT NULL DEFAULT 0,
  ended     BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (run, store)
);
CREATE TABLE ledger_difference (
  store    TEXT NOT NULL,
  about    TEXT NOT NULL, -- what differs, and of which refund or order
  order_id TEXT NOT NULL,
  number   TEXT NOT NULL,
  refund   TEXT NOT NULL,
  what     TEXT NOT NULL,
  ours     TEXT NOT NULL,
  theirs   TEXT NOT NULL,
  first_at BIGINT NOT NULL,
  PRIMARY KEY (store, about)
);
CREATE INDEX ledger_difference_order ON ledger_difference(store, order_id);
