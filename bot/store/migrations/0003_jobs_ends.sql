-- Owned by bot/jobs.
-- +goose Up

-- How many runs ended with their process. They are no failures of the job, and
-- are not counted as attempts.
ALTER TABLE job ADD COLUMN ends BIGINT NOT NULL DEFAULT 0;
