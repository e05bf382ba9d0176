-- Days of batches that lie in the archive: which entries of the log, what is in them, and the digest of their files.
CREATE TABLE play_archive (
    from_index  BIGINT PRIMARY KEY,
    to_index    BIGINT NOT NULL,
    received    TEXT NOT NULL,
    batches     BIGINT NOT NULL,
    plays       BIGINT NOT NULL,
    bytes       BIGINT NOT NULL,
    digest      BYTEA NOT NULL,
    sealed_at   BIGINT NOT NULL
);
CREATE TRIGGER play_archive_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON play_archive
    FOR EACH STATEMENT EXECUTE FUNCTION insert_only();
