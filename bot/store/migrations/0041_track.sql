-- owner: bot
-- +goose Up

-- What was registered with which tracking service: a registration costs money, so
-- it is made once.
CREATE TABLE parcel_known (
  service TEXT NOT NULL,
  number  TEXT NOT NULL,
  at      BIGINT NOT NULL,
  PRIMARY KEY (service, number)
);

-- What was told last of the parcels that somebody asked for.
CREATE TABLE parcel (
  number  TEXT PRIMARY KEY,
  carrier TEXT NOT NULL, -- the word of the person or of the shop; empty: nobody said
  country TEXT NOT NULL,
  service TEXT NOT NULL,
  told    TEXT NOT NULL, -- the service's answer
  updated BIGINT NOT NULL, -- when the state came about, by the service
  heard   BIGINT NOT NULL  -- when we were told
);
CREATE INDEX parcel_heard ON parcel(heard);

-- Deliveries of tracking services that were taken in.
CREATE TABLE parcel_push (id TEXT PRIMARY KEY, at BIGINT NOT NULL);
CREATE INDEX parcel_push_at ON parcel_push(at);
