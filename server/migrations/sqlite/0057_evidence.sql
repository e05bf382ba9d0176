-- 印证图片: how many a day a screen takes by itself, and what its player understands beside what all players do.
ALTER TABLE screens ADD COLUMN evidence_per_day INTEGER NOT NULL DEFAULT 2 CHECK (evidence_per_day BETWEEN 0 AND 24);
ALTER TABLE screens ADD COLUMN abilities TEXT NOT NULL DEFAULT '{}';
-- What a screen was told of them, from which manifest on: an auditor works out from it which moments were due. An empty nonce:
-- none are ordered any more.
CREATE TABLE evidence_orders (
    screen_id  TEXT NOT NULL REFERENCES screens (id),
    version    INTEGER NOT NULL,
    told_at    INTEGER NOT NULL,
    nonce      TEXT NOT NULL,
    per_day    INTEGER NOT NULL,
    PRIMARY KEY (screen_id, version)
) STRICT, WITHOUT ROWID;
-- The pictures that came; the files are blobs. A wall that looks the same twice gives the same bytes twice.
CREATE TABLE evidence_pictures (
    screen_id    TEXT NOT NULL REFERENCES screens (id),
    taken_at     INTEGER NOT NULL,
    digest       TEXT NOT NULL,
    received_at  INTEGER NOT NULL,
    media_type   TEXT NOT NULL,
    bytes        INTEGER NOT NULL,
    width        INTEGER NOT NULL,
    height       INTEGER NOT NULL,
    moment       INTEGER,
    instruction  TEXT,
    PRIMARY KEY (screen_id, taken_at, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX evidence_pictures_received ON evidence_pictures (screen_id, received_at);
CREATE TRIGGER evidence_orders_stay BEFORE UPDATE ON evidence_orders
BEGIN SELECT RAISE(ABORT, 'evidence_orders is insert-only'); END;
CREATE TRIGGER evidence_orders_remain BEFORE DELETE ON evidence_orders
BEGIN SELECT RAISE(ABORT, 'evidence_orders is insert-only'); END;
CREATE TRIGGER evidence_pictures_stay BEFORE UPDATE ON evidence_pictures
BEGIN SELECT RAISE(ABORT, 'evidence_pictures is insert-only'); END;
CREATE TRIGGER evidence_pictures_remain BEFORE DELETE ON evidence_pictures
BEGIN SELECT RAISE(ABORT, 'evidence_pictures is insert-only'); END;
