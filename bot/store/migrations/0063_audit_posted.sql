-- owner: bot/audit
-- +goose Up

-- The log's head as it was posted to the chats, one a day. proof is a keyed hash
-- of the row, so that a changed one shows.
CREATE TABLE audit_posted (
  day   TEXT PRIMARY KEY, -- 2026-11-30
  n     BIGINT NOT NULL,
  hash  TEXT NOT NULL,
  at    BIGINT NOT NULL,
  proof TEXT NOT NULL
);
