-- owner: bot
-- +goose Up

-- What engines did, by day (UTC). No text, and nobody's name.
CREATE TABLE engine_usage (
  day      TEXT NOT NULL, -- 2026-11-30
  engine   TEXT NOT NULL,
  pair     TEXT NOT NULL, -- zh-CN>de
  currency TEXT NOT NULL,
  letters  BIGINT NOT NULL,
  cost     BIGINT NOT NULL, -- millionths of the currency
  calls    BIGINT NOT NULL,
  took     BIGINT NOT NULL, -- milliseconds
  PRIMARY KEY (day, engine, pair, currency)
);
CREATE TABLE engine_failure (
  day    TEXT NOT NULL,
  engine TEXT NOT NULL,
  pair   TEXT NOT NULL,
  kind   TEXT NOT NULL,
  n      BIGINT NOT NULL,
  PRIMARY KEY (day, engine, pair, kind)
);

-- How an engine is doing now, and how much of its month's budget is used.
CREATE TABLE engine_state (
  engine  TEXT PRIMARY KEY,
  kind    TEXT NOT NULL DEFAULT '', -- of the last failure; empty: the last call worked
  fails   BIGINT NOT NULL DEFAULT 0, -- in a row
  at      BIGINT NOT NULL DEFAULT 0,
  month   TEXT NOT NULL DEFAULT '', -- 2026-11
  percent BIGINT NOT NULL DEFAULT 0
);

-- What became of drafts, for the weekly report. No text.
CREATE TABLE word_event (
  at     BIGINT NOT NULL,
  store  TEXT NOT NULL,
  draft  TEXT NOT NULL,
  kind   TEXT NOT NULL, -- written, edited, sent, finding, term
  detail TEXT NOT NULL
);
CREATE INDEX word_event_at ON word_event(at, kind);
CREATE INDEX word_event_draft ON word_event(draft, kind);

-- Weeks that were reported, so that none is twice.
CREATE TABLE quality_week (
  week   TEXT PRIMARY KEY, -- 2026-W47
  starts BIGINT NOT NULL,
  ends   BIGINT NOT NULL,
  at     BIGINT NOT NULL
);
