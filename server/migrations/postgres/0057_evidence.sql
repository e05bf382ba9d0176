-- 印证图片: how many a day a screen takes by itself, and what its player understands beside what all players do.
ALTER TABLE screens ADD COLUMN evidence_per_day BIGINT NOT NULL DEFAULT 2 CHECK (evidence_per_day BETWEEN 0 AND 24);
ALTER TABLE screens ADD COLUMN abilities TEXT NOT NULL DEFAULT '{}';
-- What a screen was told of them, from which manifest on: an auditor works out from it which moments were due. An empty nonce:
-- none are ordered any more.
CREATE TABLE evidence_orders (
    screen_id  TEXT NOT NULL REFERENCES screens (id),
    version    BIGINT NOT NULL,
    told_at    BIGINT NOT NULL,
    nonce      TEXT NOT NULL,
    per_day    BIGINT NOT NULL,
    PRIMARY KEY (screen_id, version)
);
-- The pictures that came; the files are blobs. A wall that looks the same twice gives the same bytes twice.
CREATE TABLE evidence_pictures (
    screen_id    TEXT NOT NULL REFERENCES screens (id),
    taken_at     BIGINT NOT NULL,
    digest       TEXT NOT NULL,
    received_at  BIGINT NOT NULL,
    media_type   TEXT NOT NULL,
    bytes        BIGINT NOT NULL,
    width        BIGINT NOT NULL,
    height       BIGINT NOT NULL,
    moment       BIGINT,
    instruction  TEXT,
    PRIMARY KEY (screen_id, taken_at, digest)
);
CREATE INDEX evidence_pictures_received ON evidence_pictures (screen_id, received_at);
CREATE TRIGGER evidence_orders_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON evidence_orders
    FOR EACH STATEMENT EXECUTE FUNCTION insert_only();
CREATE TRIGGER evidence_pictures_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON evidence_pictures
    FOR EACH STATEMENT EXECUTE FUNCTION insert_only();
