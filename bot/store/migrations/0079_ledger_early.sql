-- owner: bot
-- +goose Up

-- How many refunds were too young to be missed by a comparison.
ALTER TABLE ledger_part ADD COLUMN early BIGINT NOT NULL DEFAULT 0;
