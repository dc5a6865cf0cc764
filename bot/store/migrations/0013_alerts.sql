-- owner: bot/alerts
-- +goose Up
CREATE TABLE alert (
  id       TEXT PRIMARY KEY,
  kind     TEXT NOT NULL,
  store    TEXT NOT NULL,
  severity TEXT NOT NULL,
  state    TEXT NOT NULL,
  live     TEXT,
  count    BIGINT NOT NULL,
  hidden   BIGINT NOT NULL DEFAULT 0,
  first_at BIGINT NOT NULL,
  last_at  BIGINT NOT NULL,
  ended_at BIGINT NOT NULL DEFAULT 0,
  acked_by TEXT NOT NULL DEFAULT '',
  detail   TEXT NOT NULL,
  UNIQUE (live)
);
CREATE INDEX alert_store ON alert(store, state);
CREATE TABLE silence (
  id     TEXT PRIMARY KEY,
  kind   TEXT NOT NULL,
  store  TEXT NOT NULL,
  until  BIGINT NOT NULL,
  by_who TEXT NOT NULL
);
