-- owner: cmd/desk (what the console keeps)
-- +goose Up
CREATE TABLE console_seq (one BIGINT PRIMARY KEY, n BIGINT NOT NULL);
INSERT INTO console_seq(one, n) VALUES (1, 0);
CREATE TABLE console_post (
  num      BIGINT PRIMARY KEY,
  seq      BIGINT NOT NULL,
  channel  TEXT NOT NULL,
  id       TEXT NOT NULL,
  thread   TEXT NOT NULL,
  reader   TEXT NOT NULL,
  ukey     TEXT NOT NULL,
  author   TEXT NOT NULL,
  is_card  BIGINT NOT NULL,
  body     TEXT NOT NULL,
  at       BIGINT NOT NULL,
  edited   BIGINT NOT NULL DEFAULT 0,
  withheld BIGINT NOT NULL DEFAULT 0,
  UNIQUE (channel, id)
);
CREATE UNIQUE INDEX console_post_key ON console_post(channel, reader, ukey) WHERE ukey <> '';
CREATE INDEX console_post_page ON console_post(channel, thread, num);
CREATE INDEX console_post_num ON console_post(channel, num);
CREATE INDEX console_post_seq ON console_post(seq);
CREATE TABLE console_mark (
  reader  TEXT NOT NULL,
  channel TEXT NOT NULL,
  num     BIGINT NOT NULL,
  PRIMARY KEY (reader, channel)
);
CREATE TABLE console_form (
  id        TEXT PRIMARY KEY,
  seq       BIGINT NOT NULL,
  person    TEXT NOT NULL,
  body      TEXT NOT NULL,
  at        BIGINT NOT NULL,
  closed_by TEXT NOT NULL DEFAULT ''
);
CREATE INDEX console_form_person ON console_form(person, seq);
CREATE TABLE console_session (
  hash   TEXT PRIMARY KEY,
  person TEXT NOT NULL,
  at     BIGINT NOT NULL,
  until  BIGINT NOT NULL
);
CREATE INDEX console_session_until ON console_session(until);
CREATE TABLE console_file (
  id      TEXT PRIMARY KEY,
  name    TEXT NOT NULL,
  mime    TEXT NOT NULL,
  channel TEXT NOT NULL,
  reader  TEXT NOT NULL,
  author  TEXT NOT NULL,
  at      BIGINT NOT NULL,
  data    {{blob}} NOT NULL
);
