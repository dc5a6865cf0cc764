-- owner: bot
-- +goose Up

-- What platforms told us, once each. raw goes when it was worked, and after some
-- days at the latest: it holds what buyers wrote.
CREATE TABLE hook (
  store     TEXT NOT NULL,
  id        TEXT NOT NULL,
  topic     TEXT NOT NULL,
  kind      TEXT NOT NULL,
  order_ref TEXT NOT NULL,
  ref       TEXT NOT NULL,
  mark      TEXT NOT NULL, -- what it says has to be read; empty: nothing
  raw       TEXT NOT NULL,
  note      TEXT NOT NULL DEFAULT '',
  told      BIGINT NOT NULL, -- when it happened, by the platform
  at        BIGINT NOT NULL,
  done      BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (store, id)
);
CREATE INDEX hook_open ON hook(store, mark) WHERE done = 0;
CREATE INDEX hook_at ON hook(at);

-- What has to be read. n counts what says so: a reader takes away only the count
-- that it saw before it read.
CREATE TABLE hook_mark (
  store TEXT NOT NULL,
  mark  TEXT NOT NULL,
  n     BIGINT NOT NULL,
  at    BIGINT NOT NULL,
  due   BIGINT NOT NULL,
  tries BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (store, mark)
);
CREATE INDEX hook_mark_due ON hook_mark(store, due);

-- How it stands with what a platform sends us, one row a store.
CREATE TABLE push_state (
  store    TEXT PRIMARY KEY,
  endpoint TEXT NOT NULL DEFAULT '',
  ok       BIGINT NOT NULL DEFAULT 0, -- 1: all that we want is sent
  checked  BIGINT NOT NULL DEFAULT 0,
  error    TEXT NOT NULL DEFAULT '',
  events   BIGINT NOT NULL DEFAULT 0,
  last_at  BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE privacy_request (
  store     TEXT NOT NULL,
  id        TEXT NOT NULL, -- of the delivery
  topic     TEXT NOT NULL,
  order_ref TEXT NOT NULL,
  ref       TEXT NOT NULL,
  erases    BIGINT NOT NULL,
  cleared   BIGINT NOT NULL DEFAULT 0, -- rows that were emptied
  at        BIGINT NOT NULL,
  done      BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (store, id)
);
