-- What screens signed, what was read out of it, and its place in the log are never changed, by nobody: who has to, has to take
-- these triggers away first, and `admin recount` will say so.
CREATE TRIGGER play_batches_stay BEFORE UPDATE ON play_batches
BEGIN SELECT RAISE(ABORT, 'play_batches is insert-only'); END;
CREATE TRIGGER play_batches_remain BEFORE DELETE ON play_batches
BEGIN SELECT RAISE(ABORT, 'play_batches is insert-only'); END;
CREATE TRIGGER plays_stay BEFORE UPDATE ON plays
BEGIN SELECT RAISE(ABORT, 'plays is insert-only'); END;
CREATE TRIGGER plays_remain BEFORE DELETE ON plays
BEGIN SELECT RAISE(ABORT, 'plays is insert-only'); END;
CREATE TRIGGER log_entries_stay BEFORE UPDATE ON log_entries
BEGIN SELECT RAISE(ABORT, 'log_entries is insert-only'); END;
CREATE TRIGGER log_entries_remain BEFORE DELETE ON log_entries
BEGIN SELECT RAISE(ABORT, 'log_entries is insert-only'); END;
