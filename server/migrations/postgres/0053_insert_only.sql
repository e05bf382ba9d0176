-- What screens signed, what was read out of it, and its place in the log are never changed, by nobody: who has to, has to take
-- these triggers away first, and `admin recount` will say so.
CREATE FUNCTION insert_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is insert-only', TG_TABLE_NAME;
END
$$;
CREATE TRIGGER play_batches_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON play_batches
    FOR EACH STATEMENT EXECUTE FUNCTION insert_only();
CREATE TRIGGER plays_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON plays
    FOR EACH STATEMENT EXECUTE FUNCTION insert_only();
CREATE TRIGGER log_entries_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON log_entries
    FOR EACH STATEMENT EXECUTE FUNCTION insert_only();
