-- owner: bot/sync
-- +goose Up
CREATE TABLE sync_stream (
  store    TEXT NOT NULL,
  stream   TEXT NOT NULL,
  pos      TEXT NOT NULL,
  tried_at BIGINT NOT NULL DEFAULT 0,
  ok_at    BIGINT NOT NULL DEFAULT 0,
  changed  BIGINT NOT NULL DEFAULT 0,
  error    TEXT NOT NULL DEFAULT '',
  kind     TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (store, stream)
);
CREATE TABLE sync_run (
  id       TEXT PRIMARY KEY,
  store    TEXT NOT NULL,
  streams  TEXT NOT NULL,
  at_n     BIGINT NOT NULL DEFAULT 0,
  pos      TEXT NOT NULL,
  since    BIGINT NOT NULL,
  state    TEXT NOT NULL,
  live     TEXT,
  done     BIGINT NOT NULL DEFAULT 0,
  total    BIGINT NOT NULL DEFAULT 0,
  changed  BIGINT NOT NULL DEFAULT 0,
  bad      BIGINT NOT NULL DEFAULT 0,
  by_who   TEXT NOT NULL,
  started  BIGINT NOT NULL,
  ended    BIGINT NOT NULL DEFAULT 0,
  error    TEXT NOT NULL DEFAULT '',
  UNIQUE (live)
);
CREATE TABLE order_row (
  store    TEXT NOT NULL,
  id       TEXT NOT NULL,
  number   TEXT NOT NULL,
  body     TEXT NOT NULL,
  updated  BIGINT NOT NULL,
  seen     BIGINT NOT NULL,
  PRIMARY KEY (store, id)
);
CREATE INDEX order_number ON order_row(number);
CREATE TABLE quarantine (
  store  TEXT NOT NULL,
  stream TEXT NOT NULL,
  id     TEXT NOT NULL,
  reason TEXT NOT NULL,
  raw    TEXT NOT NULL,
  at     BIGINT NOT NULL,
  PRIMARY KEY (store, stream, id)
);
