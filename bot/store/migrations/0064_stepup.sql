-- owner: bot/stepup
-- +goose Up

-- With what somebody proves who they are. A PIN is only here as a hash over a
-- keyed mark of it, the secrets of an app are sealed.
CREATE TABLE stepup (
  person     TEXT PRIMARY KEY,
  salt       TEXT NOT NULL DEFAULT '',
  pin        TEXT NOT NULL DEFAULT '',
  app        TEXT NOT NULL DEFAULT '',
  step       BIGINT NOT NULL DEFAULT 0, -- of the last code of the app that counted
  pending    TEXT NOT NULL DEFAULT '',  -- an app that has not shown a right code yet
  pending_at BIGINT NOT NULL DEFAULT 0,
  tries      BIGINT NOT NULL DEFAULT 0, -- wrong ones in a row
  locked     BIGINT NOT NULL DEFAULT 0, -- until when
  looks      BIGINT NOT NULL DEFAULT 0
);
