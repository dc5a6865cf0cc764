-- owner: bot
-- +goose Up
CREATE TABLE seen (key TEXT PRIMARY KEY, at BIGINT NOT NULL);
CREATE INDEX seen_at ON seen(at);
CREATE TABLE counter (name TEXT PRIMARY KEY, n BIGINT NOT NULL);
CREATE TABLE press (
  token   TEXT PRIMARY KEY,
  command TEXT NOT NULL,
  matter  TEXT NOT NULL,
  facts   TEXT NOT NULL,
  until   BIGINT NOT NULL
);
CREATE INDEX press_until ON press(until);
CREATE TABLE shown (
  id      TEXT PRIMARY KEY,
  matter  TEXT NOT NULL,
  place   TEXT NOT NULL,
  chat    TEXT NOT NULL,
  channel TEXT NOT NULL,
  lang    TEXT NOT NULL,
  refs    TEXT NOT NULL DEFAULT '',
  root    TEXT NOT NULL DEFAULT '',
  want    BIGINT NOT NULL DEFAULT 1,
  have    BIGINT NOT NULL DEFAULT 0,
  at      BIGINT NOT NULL,
  UNIQUE (matter, place)
);
CREATE INDEX shown_root ON shown(chat, channel, root);
CREATE TABLE said (
  chat    TEXT NOT NULL,
  channel TEXT NOT NULL,
  last    TEXT NOT NULL,
  PRIMARY KEY (chat, channel)
);
CREATE TABLE message (
  id        TEXT PRIMARY KEY,
  store     TEXT NOT NULL,
  remote    TEXT NOT NULL,
  thread    TEXT NOT NULL,
  order_ref TEXT NOT NULL,
  from_shop BIGINT NOT NULL,
  body      TEXT NOT NULL,
  lang      TEXT NOT NULL DEFAULT '',
  state     TEXT NOT NULL,
  at        BIGINT NOT NULL,
  UNIQUE (store, remote)
);
CREATE INDEX message_thread ON message(store, thread, at);
CREATE TABLE translation (
  message TEXT NOT NULL,
  lang    TEXT NOT NULL,
  body    TEXT NOT NULL,
  PRIMARY KEY (message, lang)
);
CREATE TABLE note (
  id      TEXT PRIMARY KEY,
  matter  TEXT NOT NULL,
  by_who  TEXT NOT NULL,
  text    TEXT NOT NULL,
  at      BIGINT NOT NULL
);
CREATE INDEX note_matter ON note(matter);
CREATE TABLE draft (
  id      TEXT PRIMARY KEY,
  message TEXT NOT NULL,
  store   TEXT NOT NULL,
  by_who  TEXT NOT NULL,
  text    TEXT NOT NULL,
  body    TEXT NOT NULL,
  source  TEXT NOT NULL DEFAULT '',
  key     TEXT NOT NULL,
  state   TEXT NOT NULL,
  error   TEXT NOT NULL DEFAULT '',
  created BIGINT NOT NULL,
  sent    BIGINT NOT NULL DEFAULT 0,
  sent_by TEXT NOT NULL DEFAULT '',
  UNIQUE (key)
);
CREATE INDEX draft_message ON draft(message);
CREATE INDEX draft_source ON draft(source);
CREATE TABLE refund (
  id       TEXT PRIMARY KEY,
  store    TEXT NOT NULL,
  order_id TEXT NOT NULL,
  number   TEXT NOT NULL,
  body     TEXT NOT NULL,
  facts    TEXT NOT NULL,
  state    TEXT NOT NULL,
  live     TEXT,
  asked_by TEXT NOT NULL,
  approval TEXT NOT NULL,
  key      TEXT NOT NULL,
  receipt  TEXT NOT NULL DEFAULT '',
  error    TEXT NOT NULL DEFAULT '',
  created  BIGINT NOT NULL,
  updated  BIGINT NOT NULL,
  unsure   BIGINT NOT NULL DEFAULT 0,
  UNIQUE (key),
  UNIQUE (live)
);
CREATE INDEX refund_order ON refund(store, order_id);
CREATE TABLE credential (
  store   TEXT PRIMARY KEY,
  sealed  TEXT NOT NULL,
  updated BIGINT NOT NULL
);
CREATE TABLE dialogue (
  key  TEXT PRIMARY KEY,
  body TEXT NOT NULL,
  at   BIGINT NOT NULL
);
CREATE TABLE moved (
  chat TEXT NOT NULL,
  old  TEXT NOT NULL,
  new  TEXT NOT NULL,
  PRIMARY KEY (chat, old)
);
