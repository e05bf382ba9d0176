-- Days of batches that lie in the archive: which entries of the log, what is in them, and the digest of their files.
CREATE TABLE play_archive (
    from_index  INTEGER PRIMARY KEY,
    to_index    INTEGER NOT NULL,
    received    TEXT NOT NULL,
    batches     INTEGER NOT NULL,
    plays       INTEGER NOT NULL,
    bytes       INTEGER NOT NULL,
    digest      BLOB NOT NULL,
    sealed_at   INTEGER NOT NULL
) STRICT;
CREATE TRIGGER play_archive_stay BEFORE UPDATE ON play_archive
BEGIN SELECT RAISE(ABORT, 'play_archive is insert-only'); END;
CREATE TRIGGER play_archive_remain BEFORE DELETE ON play_archive
BEGIN SELECT RAISE(ABORT, 'play_archive is insert-only'); END;
