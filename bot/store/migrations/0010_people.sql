-- owner: bot/people
-- +goose Up
CREATE TABLE person (
  id       TEXT PRIMARY KEY,
  name     TEXT NOT NULL,
  lang     TEXT NOT NULL,
  roles    TEXT NOT NULL,
  stores   TEXT NOT NULL,
  disabled BIGINT NOT NULL DEFAULT 0,
  created  BIGINT NOT NULL
);
CREATE TABLE account (
  chat   TEXT NOT NULL,
  id     TEXT NOT NULL,
  person TEXT NOT NULL REFERENCES person(id),
  name   TEXT NOT NULL,
  linked BIGINT NOT NULL,
  PRIMARY KEY (chat, id)
);
CREATE INDEX account_person ON account(person);
CREATE TABLE linkcode (
  hash   TEXT PRIMARY KEY,
  person TEXT NOT NULL REFERENCES person(id),
  until  BIGINT NOT NULL
);
CREATE TABLE people_version (one BIGINT PRIMARY KEY, n BIGINT NOT NULL);
INSERT INTO people_version(one, n) VALUES (1, 1);
