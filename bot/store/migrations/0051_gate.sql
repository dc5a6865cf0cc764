-- owner: bot
-- +goose Up
-- Between an answer and its buyer: when it goes out by itself (0: it does not) and
-- why it did not, the facts that somebody is looking at, and what its chat message
-- was changed to when that was too late.
ALTER TABLE draft ADD COLUMN auto_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE draft ADD COLUMN held TEXT NOT NULL DEFAULT '';
ALTER TABLE draft ADD COLUMN checking TEXT NOT NULL DEFAULT '';
ALTER TABLE draft ADD COLUMN unsent TEXT NOT NULL DEFAULT '';
ALTER TABLE template_message ADD COLUMN checking TEXT NOT NULL DEFAULT '';
