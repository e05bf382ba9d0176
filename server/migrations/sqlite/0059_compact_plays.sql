-- The signed batch is the record: no row for each play any more. What was stored until now is set aside and converted when the
-- server starts (plays/convert.rs), piece by piece.
DROP TRIGGER play_batches_stay;
DROP TRIGGER play_batches_remain;
DROP TRIGGER plays_stay;
DROP TRIGGER plays_remain;
DROP TRIGGER log_entries_stay;
DROP TRIGGER log_entries_remain;
ALTER TABLE play_batches RENAME TO former_batches;
ALTER TABLE plays RENAME TO former_plays;
ALTER TABLE log_entries RENAME TO former_entries;
ALTER TABLE log_waiting RENAME TO former_waiting;
DROP TABLE play_counts;
DROP INDEX plays_by_start;
DROP INDEX plays_by_screen;
DROP INDEX plays_by_creative;
DROP INDEX plays_by_campaign;
DROP INDEX plays_by_venue_type;
DROP INDEX plays_by_area;

-- Insert-only dictionaries: small numbers for what batches and counters say again and again. `digest` is of the rest of the row.
CREATE TABLE play_screens (
    no         INTEGER PRIMARY KEY,
    screen_id  TEXT NOT NULL UNIQUE
) STRICT;
-- Where a screen hung: a venue that changes later does not change what was.
CREATE TABLE play_places (
    no          INTEGER PRIMARY KEY,
    digest      BLOB NOT NULL UNIQUE,
    venue_id    TEXT NOT NULL,
    venue_type  TEXT NOT NULL,
    area        TEXT NOT NULL,
    department  TEXT NOT NULL,
    timezone    TEXT NOT NULL
) STRICT;
-- What was shown for whom. No campaign: a takeover.
CREATE TABLE play_items (
    no           INTEGER PRIMARY KEY,
    digest       BLOB NOT NULL UNIQUE,
    booking_id   TEXT NOT NULL,
    creative_id  TEXT NOT NULL,
    asset        TEXT NOT NULL,
    campaign_id  TEXT
) STRICT;
CREATE INDEX play_items_by_creative ON play_items (creative_id);

-- Insert-only: play batches as the screens signed them, without the words of their items (plays/packed.rs); what is held against
-- their plays (plays/flags.rs); between which starts and of what sorts they are.
CREATE TABLE play_batches (
    screen_no    INTEGER NOT NULL,
    sequence     INTEGER NOT NULL,
    place_no     INTEGER NOT NULL,
    received_at  INTEGER NOT NULL,
    first_at     INTEGER NOT NULL,
    last_at      INTEGER NOT NULL,
    plays        INTEGER NOT NULL,
    marks        INTEGER NOT NULL,
    items        BLOB NOT NULL,
    flags        BLOB NOT NULL,
    signed       BLOB NOT NULL,
    PRIMARY KEY (screen_no, sequence)
) STRICT;
CREATE INDEX play_batches_by_first ON play_batches (first_at, screen_no, sequence);
CREATE INDEX play_batches_by_last ON play_batches (last_at, screen_no, sequence);
-- Those of clocks gone wild, and of long silence, overlap much more than their neighbours.
CREATE INDEX play_batches_long ON play_batches (last_at) WHERE last_at - first_at > 7200000;

-- Counters of a screen's local day in a place (plays/counters.rs), and in which batches its plays are. `day` counts from 1970-01-01.
CREATE TABLE play_days (
    day             INTEGER NOT NULL,
    place_no        INTEGER NOT NULL,
    screen_no       INTEGER NOT NULL,
    first_sequence  INTEGER NOT NULL,
    last_sequence   INTEGER NOT NULL,
    counts          BLOB NOT NULL,
    PRIMARY KEY (day, place_no, screen_no)
) STRICT;
CREATE INDEX play_days_by_screen ON play_days (screen_no, day);

-- Until when a screen has told everything, as far as that is believed.
ALTER TABLE play_chains ADD COLUMN reported_until INTEGER;
UPDATE play_chains SET reported_until = (
    SELECT MAX(MIN(b.sealed_at, b.received_at)) FROM former_batches b WHERE b.screen_id = play_chains.screen_id);

INSERT INTO play_screens (screen_id) SELECT screen_id FROM play_chains ORDER BY screen_id;
CREATE TABLE log_entries (
    log_index  INTEGER PRIMARY KEY,
    screen_no  INTEGER NOT NULL,
    sequence   INTEGER NOT NULL,
    digest     BLOB NOT NULL,
    UNIQUE (screen_no, sequence)
) STRICT;
INSERT INTO log_entries (log_index, screen_no, sequence, digest)
    SELECT e.log_index, s.no, e.sequence, unhex(e.digest) FROM former_entries e
    JOIN play_screens s ON s.screen_id = e.screen_id ORDER BY e.log_index;
CREATE TABLE log_waiting (
    screen_no  INTEGER NOT NULL,
    sequence   INTEGER NOT NULL,
    digest     BLOB NOT NULL,
    PRIMARY KEY (screen_no, sequence)
) STRICT, WITHOUT ROWID;
INSERT INTO log_waiting (screen_no, sequence, digest)
    SELECT s.no, w.sequence, unhex(b.digest) FROM former_waiting w
    JOIN former_batches b ON b.screen_id = w.screen_id AND b.sequence = w.sequence
    JOIN play_screens s ON s.screen_id = w.screen_id;
DROP TABLE former_entries;
DROP TABLE former_waiting;

CREATE TRIGGER play_batches_stay BEFORE UPDATE ON play_batches
BEGIN SELECT RAISE(ABORT, 'play_batches is insert-only'); END;
CREATE TRIGGER play_batches_remain BEFORE DELETE ON play_batches
BEGIN SELECT RAISE(ABORT, 'play_batches is insert-only'); END;
CREATE TRIGGER play_screens_stay BEFORE UPDATE ON play_screens
BEGIN SELECT RAISE(ABORT, 'play_screens is insert-only'); END;
CREATE TRIGGER play_screens_remain BEFORE DELETE ON play_screens
BEGIN SELECT RAISE(ABORT, 'play_screens is insert-only'); END;
CREATE TRIGGER play_places_stay BEFORE UPDATE ON play_places
BEGIN SELECT RAISE(ABORT, 'play_places is insert-only'); END;
CREATE TRIGGER play_places_remain BEFORE DELETE ON play_places
BEGIN SELECT RAISE(ABORT, 'play_places is insert-only'); END;
CREATE TRIGGER play_items_stay BEFORE UPDATE ON play_items
BEGIN SELECT RAISE(ABORT, 'play_items is insert-only'); END;
CREATE TRIGGER play_items_remain BEFORE DELETE ON play_items
BEGIN SELECT RAISE(ABORT, 'play_items is insert-only'); END;
CREATE TRIGGER log_entries_stay BEFORE UPDATE ON log_entries
BEGIN SELECT RAISE(ABORT, 'log_entries is insert-only'); END;
CREATE TRIGGER log_entries_remain BEFORE DELETE ON log_entries
BEGIN SELECT RAISE(ABORT, 'log_entries is insert-only'); END;
