-- Owned by bot/jobs.
-- +goose Up

-- Within an order a row of rank 0 has its turn before those of rank 1. The row
-- whose turn it is when another goes ahead of the rest gets rank 0 as well.
ALTER TABLE job ADD COLUMN rank BIGINT NOT NULL DEFAULT 1;
DROP INDEX job_ord;
CREATE INDEX job_ord ON job (ord, rank, id) WHERE dead = 0 AND ord <> '';
