-- The Merkle log of all play batches (core/src/tlog). Batches wait here, written with the batch, until they have a number.
CREATE TABLE log_waiting (
    screen_id  TEXT COLLATE "C" NOT NULL,
    sequence   BIGINT NOT NULL,
    PRIMARY KEY (screen_id, sequence),
    FOREIGN KEY (screen_id, sequence) REFERENCES play_batches (screen_id, sequence)
);
INSERT INTO log_waiting (screen_id, sequence) SELECT screen_id, sequence FROM play_batches;

-- Insert-only: which batch has which number in the log, from 0, without gaps.
CREATE TABLE log_entries (
    log_index  BIGINT PRIMARY KEY,
    screen_id  TEXT COLLATE "C" NOT NULL,
    sequence   BIGINT NOT NULL,
    digest     TEXT NOT NULL,
    UNIQUE (screen_id, sequence),
    FOREIGN KEY (screen_id, sequence) REFERENCES play_batches (screen_id, sequence)
);

-- Hashes of the tree, 256 side by side; the last tile of a level grows until it is full.
CREATE TABLE log_tiles (
    level   BIGINT NOT NULL,
    tile    BIGINT NOT NULL,
    hashes  BYTEA NOT NULL,
    PRIMARY KEY (level, tile)
);

-- What was signed of the log, and by which witnesses too.
CREATE TABLE log_checkpoints (
    size       BIGINT PRIMARY KEY,
    signed_at  BIGINT NOT NULL,
    note       TEXT NOT NULL,
    cosigned   BIGINT NOT NULL
);

-- Witnesses whose cosignatures are taken.
CREATE TABLE log_witnesses (
    verifier  TEXT PRIMARY KEY,
    added_at  BIGINT NOT NULL
);
