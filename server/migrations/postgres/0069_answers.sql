-- The office's signed word that came with an instruction to change the key; and why a screen could not do what it was told.
ALTER TABLE instructions ADD COLUMN permit BYTEA;
ALTER TABLE instructions ADD COLUMN could_not TEXT;

-- Evidence pictures whose time is over: the file is gone, the row and the digest in the signed batch stay.
CREATE TABLE evidence_removed (
    screen_id    TEXT NOT NULL REFERENCES screens (id),
    taken_at     BIGINT NOT NULL,
    digest       TEXT NOT NULL,
    received_at  BIGINT NOT NULL,
    removed_at   BIGINT NOT NULL,
    PRIMARY KEY (screen_id, taken_at, digest)
);
CREATE INDEX evidence_removed_received ON evidence_removed (received_at);
CREATE INDEX evidence_pictures_age ON evidence_pictures (received_at);
CREATE INDEX evidence_pictures_by_digest ON evidence_pictures (digest);
CREATE TRIGGER evidence_removed_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON evidence_removed
    FOR EACH STATEMENT EXECUTE FUNCTION insert_only();
