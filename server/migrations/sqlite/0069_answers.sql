-- The office's signed word that came with an instruction to change the key; and why a screen could not do what it was told.
ALTER TABLE instructions ADD COLUMN permit BLOB;
ALTER TABLE instructions ADD COLUMN could_not TEXT;

-- Evidence pictures whose time is over: the file is gone, the row and the digest in the signed batch stay.
CREATE TABLE evidence_removed (
    screen_id    TEXT NOT NULL REFERENCES screens (id),
    taken_at     INTEGER NOT NULL,
    digest       TEXT NOT NULL,
    received_at  INTEGER NOT NULL,
    removed_at   INTEGER NOT NULL,
    PRIMARY KEY (screen_id, taken_at, digest)
) STRICT;
CREATE INDEX evidence_removed_received ON evidence_removed (received_at);
CREATE INDEX evidence_pictures_age ON evidence_pictures (received_at);
CREATE INDEX evidence_pictures_by_digest ON evidence_pictures (digest);
CREATE TRIGGER evidence_removed_stay BEFORE UPDATE ON evidence_removed
BEGIN SELECT RAISE(ABORT, 'evidence_removed is insert-only'); END;
CREATE TRIGGER evidence_removed_remain BEFORE DELETE ON evidence_removed
BEGIN SELECT RAISE(ABORT, 'evidence_removed is insert-only'); END;
