-- Owned by bot/jobs.
-- +goose Up

-- A row that runs has an owner, and run_at is when its lease ends. run counts
-- every start and never goes back: owner and run together are the fence.
-- attempt leaves out the starts that left nothing in doubt.
CREATE TABLE job (
	id           {{id}},
	lane         TEXT   NOT NULL,
	kind         TEXT   NOT NULL,
	args         TEXT   NOT NULL,
	ord          TEXT   NOT NULL,
	key          TEXT   NOT NULL,
	run_at       BIGINT NOT NULL,
	owner        TEXT   NOT NULL,
	run          BIGINT NOT NULL,
	attempt      BIGINT NOT NULL,
	max_attempts BIGINT NOT NULL,
	error        TEXT   NOT NULL,
	dead         BIGINT NOT NULL, -- when it died, else 0
	told         BIGINT NOT NULL, -- 1 once somebody was told of its death
	created      BIGINT NOT NULL
);

CREATE INDEX job_ready ON job (lane, run_at) WHERE dead = 0;
CREATE INDEX job_ord ON job (ord, id) WHERE dead = 0 AND ord <> '';
CREATE UNIQUE INDEX job_key ON job (key) WHERE dead = 0 AND key <> '';
CREATE INDEX job_dead ON job (dead) WHERE dead <> 0;

CREATE TABLE schedule (
	name    TEXT   PRIMARY KEY,
	next_at BIGINT NOT NULL
);
