-- owner: bot/rates
-- +goose Up

-- The newest file of a source, as it was fetched, and when it was last looked for.
CREATE TABLE rate_sheet (
  source   TEXT PRIMARY KEY,
  day      TEXT NOT NULL, -- 2026-11-20
  body     TEXT NOT NULL,
  etag     TEXT NOT NULL DEFAULT '',
  modified TEXT NOT NULL DEFAULT '',
  checked  BIGINT NOT NULL
);

-- A day's asks are added up whenever another one is made. The table is bot's.
CREATE INDEX refund_created ON refund(created);
