-- owner: bot/approvals
-- +goose Up

-- Who may vote: roles, and people as person:ID, apart by spaces. None is nobody.
ALTER TABLE approval RENAME COLUMN role TO voters;

-- Whose power a vote uses up: the voter's own, or that of whoever lent it.
ALTER TABLE vote ADD COLUMN power TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX vote_power ON vote(approval, power) WHERE power <> '';

-- Power that somebody lent: for a time, or for one approval.
CREATE TABLE delegation (
  id       TEXT PRIMARY KEY,
  giver    TEXT NOT NULL,
  taker    TEXT NOT NULL,
  stores   TEXT NOT NULL, -- apart by spaces; * is all that the giver sees
  approval TEXT NOT NULL, -- empty: any
  until    BIGINT NOT NULL,
  created  BIGINT NOT NULL,
  ended    BIGINT NOT NULL DEFAULT 0 -- when it was taken back
);
CREATE INDEX delegation_taker ON delegation(taker, until);
CREATE INDEX delegation_giver ON delegation(giver, until);

-- What was asked back before somebody decided.
CREATE TABLE approval_question (
  id       TEXT PRIMARY KEY,
  approval TEXT NOT NULL REFERENCES approval(id),
  asked_by TEXT NOT NULL,
  text     TEXT NOT NULL,
  at       BIGINT NOT NULL,
  answer   TEXT NOT NULL DEFAULT '',
  told_by  TEXT NOT NULL DEFAULT '',
  told     BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX approval_question_of ON approval_question(approval, at);

-- What is done once for an approval: a reminder, an escalation.
CREATE TABLE approval_mark (
  approval TEXT NOT NULL REFERENCES approval(id),
  what     TEXT NOT NULL,
  at       BIGINT NOT NULL,
  PRIMARY KEY (approval, what)
);
