-- 更换密钥: the number of the first batch that a screen's key of now signs, and since when it has it (null: since it was enrolled).
ALTER TABLE screens ADD COLUMN key_from INTEGER NOT NULL DEFAULT 1;
ALTER TABLE screens ADD COLUMN key_changed_at INTEGER;
-- Every change of key, as both keys signed it: with them, and with the key it was enrolled with, a screen's whole chain is verified.
CREATE TABLE screen_keys (
    screen_id    TEXT NOT NULL REFERENCES screens (id),
    number       INTEGER NOT NULL,
    digest       TEXT NOT NULL UNIQUE,
    signed       BLOB NOT NULL,
    -- Of the key that went: it opens nothing any more.
    old_key      TEXT NOT NULL UNIQUE,
    fingerprint  TEXT NOT NULL UNIQUE,
    recorded_at  INTEGER NOT NULL,
    PRIMARY KEY (screen_id, number)
) STRICT;
CREATE TRIGGER screen_keys_stay BEFORE UPDATE ON screen_keys
BEGIN SELECT RAISE(ABORT, 'screen_keys is insert-only'); END;
CREATE TRIGGER screen_keys_remain BEFORE DELETE ON screen_keys
BEGIN SELECT RAISE(ABORT, 'screen_keys is insert-only'); END;
