-- owner: bot
-- +goose Up

-- What was sent for a refund, and what its platform showed at each look. Looks in
-- a row that showed the same are one.
CREATE TABLE refund_look (
  refund  TEXT NOT NULL,
  n       BIGINT NOT NULL,
  what    TEXT NOT NULL, -- sent, absent, unclear, or what kind of failure it was
  receipt TEXT NOT NULL DEFAULT '',
  first   BIGINT NOT NULL,
  last    BIGINT NOT NULL,
  times   BIGINT NOT NULL DEFAULT 1,
  PRIMARY KEY (refund, n)
);

-- When an approved refund that has to wait goes out; 0 when it need not.
ALTER TABLE refund ADD COLUMN due BIGINT NOT NULL DEFAULT 0;

-- Where somebody asked for it, and whom alone to answer there.
ALTER TABLE refund ADD COLUMN asked_in TEXT NOT NULL DEFAULT '';
