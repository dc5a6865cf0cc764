-- owner: bot/sync
-- +goose Up

-- What people call a return. Rows from before have it only in their body, until the
-- platform tells of them again.
ALTER TABLE return_row ADD COLUMN number TEXT NOT NULL DEFAULT '';
CREATE INDEX return_number ON return_row(number);
