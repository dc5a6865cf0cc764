-- owner: bot/audit
-- +goose Up
CREATE TABLE audit (
  n      BIGINT PRIMARY KEY,
  at     BIGINT NOT NULL,
  who    TEXT NOT NULL,
  what   TEXT NOT NULL,
  about  TEXT NOT NULL,
  detail TEXT NOT NULL,
  hash   TEXT NOT NULL
);
CREATE INDEX audit_about ON audit(about);
CREATE TABLE audit_head (one BIGINT PRIMARY KEY, n BIGINT NOT NULL, hash TEXT NOT NULL);
INSERT INTO audit_head(one, n, hash) VALUES (1, 0, '');
