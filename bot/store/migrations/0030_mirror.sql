-- owner: bot/sync
-- +goose Up
CREATE TABLE item_row (
  store    TEXT NOT NULL,
  id       TEXT NOT NULL,
  sku      TEXT NOT NULL,
  body     TEXT NOT NULL,
  updated  BIGINT NOT NULL,
  seen     BIGINT NOT NULL,
  PRIMARY KEY (store, id)
);
CREATE INDEX item_sku ON item_row(store, sku);
CREATE TABLE stock_row (
  store    TEXT NOT NULL,
  id       TEXT NOT NULL,
  sku      TEXT NOT NULL,
  body     TEXT NOT NULL,
  updated  BIGINT NOT NULL,
  seen     BIGINT NOT NULL,
  PRIMARY KEY (store, id)
);
CREATE INDEX stock_sku ON stock_row(store, sku);
CREATE TABLE return_row (
  store     TEXT NOT NULL,
  id        TEXT NOT NULL,
  order_ref TEXT NOT NULL,
  status    TEXT NOT NULL,
  due       BIGINT NOT NULL,
  body      TEXT NOT NULL,
  updated   BIGINT NOT NULL,
  seen      BIGINT NOT NULL,
  PRIMARY KEY (store, id)
);
CREATE INDEX return_order ON return_row(store, order_ref);

-- What reading a stream again has brought to light.
CREATE TABLE sync_recon (
  store    TEXT NOT NULL,
  stream   TEXT NOT NULL,
  pos      TEXT NOT NULL DEFAULT '', -- of a reading under way
  since    BIGINT NOT NULL DEFAULT 0,
  began    BIGINT NOT NULL DEFAULT 0,
  ok_at    BIGINT NOT NULL DEFAULT 0,
  deep_at  BIGINT NOT NULL DEFAULT 0, -- the last with the long window
  looked   BIGINT NOT NULL DEFAULT 0, -- orders compared, ever
  found    BIGINT NOT NULL DEFAULT 0, -- lost ones found, ever
  recent   BIGINT NOT NULL DEFAULT 0, -- of these, since the long window before the last
  found_at BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (store, stream)
);

-- bulk is what is known of the file that a platform prepares; moved is when a
-- run last got on.
ALTER TABLE sync_run ADD COLUMN bulk TEXT NOT NULL DEFAULT '';
ALTER TABLE sync_run ADD COLUMN moved BIGINT NOT NULL DEFAULT 0;
