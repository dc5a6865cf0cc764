-- owner: bot/sync
-- +goose Up
-- Orders whose buyer was erased. A platform may go on showing the buyer, and a
-- reading may have been under way: nobody's name is written to them again.
CREATE TABLE erased_order (
  store     TEXT NOT NULL,
  order_ref TEXT NOT NULL, -- the platform's id
  at        BIGINT NOT NULL,
  PRIMARY KEY (store, order_ref)
);
INSERT INTO erased_order(store, order_ref, at)
  SELECT store, order_ref, MAX(done) FROM privacy_request WHERE erases = 1 AND done > 0 AND order_ref <> '' GROUP BY store, order_ref;
