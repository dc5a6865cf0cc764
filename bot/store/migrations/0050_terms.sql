-- owner: bot
-- +goose Up

-- What people want the glossary to say.
CREATE TABLE term_proposal (
  id        TEXT PRIMARY KEY,
  kind      TEXT NOT NULL, -- word: another wording; drop: an entry is to go
  entry     TEXT NOT NULL, -- the entry that it changes; empty: a new one
  version   BIGINT NOT NULL, -- the entry's when it was asked
  source    TEXT NOT NULL,
  target    TEXT NOT NULL,
  old       TEXT NOT NULL, -- what the glossary said instead; empty: nothing
  from_lang TEXT NOT NULL,
  to_lang   TEXT NOT NULL,
  scope_store    TEXT NOT NULL,
  scope_platform TEXT NOT NULL,
  never     BIGINT NOT NULL, -- 1: the old wording is not to be said any more
  why       TEXT NOT NULL,
  store     TEXT NOT NULL, -- where it came up; empty: nowhere in particular
  about     TEXT NOT NULL, -- the matter it came up in
  state     TEXT NOT NULL,
  by_who    TEXT NOT NULL,
  at        BIGINT NOT NULL,
  decided_by TEXT NOT NULL DEFAULT '',
  decided    BIGINT NOT NULL DEFAULT 0,
  reason     TEXT NOT NULL DEFAULT ''
);
CREATE INDEX term_proposal_state ON term_proposal(state, at);

-- Approved entries, every version of each. The newest takes the place of a shipped
-- one with the same id.
CREATE TABLE term_entry (
  id       TEXT NOT NULL,
  version  BIGINT NOT NULL,
  body     TEXT NOT NULL,
  proposal TEXT NOT NULL,
  by_who   TEXT NOT NULL,
  at       BIGINT NOT NULL,
  PRIMARY KEY (id, version)
);

-- Counts approvals, so that every replica sees that there is something to read.
CREATE TABLE term_version (one BIGINT PRIMARY KEY, n BIGINT NOT NULL);
INSERT INTO term_version(one, n) VALUES (1, 0);

-- Translations that people let go out, facts masked on both sides.
CREATE TABLE memory (
  key       TEXT PRIMARY KEY,
  source    TEXT NOT NULL,
  target    TEXT NOT NULL,
  from_lang TEXT NOT NULL,
  to_lang   TEXT NOT NULL,
  outgoing  BIGINT NOT NULL,
  store     TEXT NOT NULL,
  by_who    TEXT NOT NULL,
  at        BIGINT NOT NULL,
  uses      BIGINT NOT NULL DEFAULT 0
);
