-- owner: bot
-- +goose Up

-- Refunds that went out although the rules were not met. They stay for ever.
CREATE TABLE break_glass (
  refund   TEXT PRIMARY KEY,
  who      TEXT NOT NULL,
  why      TEXT NOT NULL,
  missing  BIGINT NOT NULL, -- approvals that were missing
  closed   BIGINT NOT NULL, -- 1: outside the hours
  at       BIGINT NOT NULL,
  reminded BIGINT NOT NULL, -- when people were last told
  seen_by  TEXT NOT NULL DEFAULT '',
  seen     BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX break_glass_unseen ON break_glass(seen, reminded);
