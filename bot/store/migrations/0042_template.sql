-- owner: bot
-- +goose Up
-- Messages of the platform's own kinds, written for an order.
CREATE TABLE template_message (
  id      TEXT PRIMARY KEY,
  store   TEXT NOT NULL,
  order_id TEXT NOT NULL,
  number  TEXT NOT NULL,
  kind    TEXT NOT NULL,
  text    TEXT NOT NULL,
  body    TEXT NOT NULL,
  key     TEXT NOT NULL,
  state   TEXT NOT NULL,
  error   TEXT NOT NULL DEFAULT '',
  by_who  TEXT NOT NULL,
  sent_by TEXT NOT NULL DEFAULT '',
  at      BIGINT NOT NULL
);
