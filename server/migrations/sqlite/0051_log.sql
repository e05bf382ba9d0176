-- The Merkle log of all play batches (core/src/tlog). Batches wait here, written with the batch, until they have a number.
CREATE TABLE log_waiting (
    screen_id  TEXT NOT NULL,
    sequence   INTEGER NOT NULL,
    PRIMARY KEY (screen_id, sequence),
    FOREIGN KEY (screen_id, sequence) REFERENCES play_batches (screen_id, sequence)
) STRICT, WITHOUT ROWID;
INSERT INTO log_waiting (screen_id, sequence) SELECT screen_id, sequence FROM play_batches;

-- Insert-only: which batch has which number in the log, from 0, without gaps.
CREATE TABLE log_entries (
    log_index  INTEGER PRIMARY KEY,
    screen_id  TEXT NOT NULL,
    sequence   INTEGER NOT NULL,
    digest     TEXT NOT NULL,
    UNIQUE (screen_id, sequence),
    FOREIGN KEY (screen_id, sequence) REFERENCES play_batches (screen_id, sequence)
) STRICT;

-- Hashes of the tree, 256 side by side; the last tile of a level grows until it is full.
CREATE TABLE log_tiles (
    level   INTEGER NOT NULL,
    tile    INTEGER NOT NULL,
    hashes  BLOB NOT NULL,
    PRIMARY KEY (level, tile)
) STRICT;

-- What was signed of the log, and by which witnesses too.
CREATE TABLE log_checkpoints (
    size       INTEGER PRIMARY KEY,
    signed_at  INTEGER NOT NULL,
    note       TEXT NOT NULL,
    cosigned   INTEGER NOT NULL
) STRICT;

-- Witnesses whose cosignatures are taken.
CREATE TABLE log_witnesses (
    verifier  TEXT PRIMARY KEY,
    added_at  INTEGER NOT NULL
) STRICT;
