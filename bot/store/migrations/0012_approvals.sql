-- owner: bot/approvals
-- +goose Up
CREATE TABLE approval (
  id       TEXT PRIMARY KEY,
  about    TEXT NOT NULL,
  facts    TEXT NOT NULL,
  kind     TEXT NOT NULL,
  job      TEXT NOT NULL,
  key      TEXT NOT NULL,
  asked_by TEXT NOT NULL,
  role     TEXT NOT NULL,
  store    TEXT NOT NULL,
  votes    BIGINT NOT NULL,
  until    BIGINT NOT NULL,
  state    TEXT NOT NULL,
  created  BIGINT NOT NULL,
  decided  BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX approval_open ON approval(state, until);
CREATE TABLE vote (
  approval TEXT NOT NULL REFERENCES approval(id),
  person   TEXT NOT NULL,
  yes      BIGINT NOT NULL,
  reason   TEXT NOT NULL,
  at       BIGINT NOT NULL,
  PRIMARY KEY (approval, person)
);
