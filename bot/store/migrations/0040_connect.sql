-- owner: bot
-- +goose Up
-- A consent under way: what came back with this state belongs to this store.
CREATE TABLE connecting (
  state   TEXT PRIMARY KEY,
  store   TEXT NOT NULL,
  account TEXT NOT NULL DEFAULT '',
  who     TEXT NOT NULL,
  event   TEXT NOT NULL,
  until   BIGINT NOT NULL,
  used    BIGINT NOT NULL DEFAULT 0
);
-- Stores that were connected while the desk ran.
CREATE TABLE shop_account (
  id    TEXT PRIMARY KEY,
  body  TEXT NOT NULL,
  who   TEXT NOT NULL,
  at    BIGINT NOT NULL
);
-- What was last said about a day on which something ends.
CREATE TABLE deadline (
  store TEXT NOT NULL,
  what  TEXT NOT NULL,
  at    BIGINT NOT NULL,
  level BIGINT NOT NULL,
  PRIMARY KEY (store, what)
);
-- Who refreshes a store's credential just now.
CREATE TABLE credential_lock (
  store TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  until BIGINT NOT NULL
);
