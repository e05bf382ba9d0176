-- 更换密钥: the number of the first batch that a screen's key of now signs, and since when it has it (null: since it was enrolled).
ALTER TABLE screens ADD COLUMN key_from BIGINT NOT NULL DEFAULT 1;
ALTER TABLE screens ADD COLUMN key_changed_at BIGINT;
-- Every change of key, as both keys signed it: with them, and with the key it was enrolled with, a screen's whole chain is verified.
CREATE TABLE screen_keys (
    screen_id    TEXT NOT NULL REFERENCES screens (id),
    number       BIGINT NOT NULL,
    digest       TEXT NOT NULL UNIQUE,
    signed       BYTEA NOT NULL,
    -- Of the key that went: it opens nothing any more.
    old_key      TEXT NOT NULL UNIQUE,
    fingerprint  TEXT NOT NULL UNIQUE,
    recorded_at  BIGINT NOT NULL,
    PRIMARY KEY (screen_id, number)
);
-- A function of its own: this is made before the one that later tables share.
CREATE FUNCTION screen_keys_insert_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is insert-only', TG_TABLE_NAME;
END
$$;
CREATE TRIGGER screen_keys_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON screen_keys
    FOR EACH STATEMENT EXECUTE FUNCTION screen_keys_insert_only();
