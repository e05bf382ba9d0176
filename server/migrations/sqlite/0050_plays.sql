-- Insert-only: play batches exactly as the screens signed them.
CREATE TABLE play_batches (
    screen_id    TEXT NOT NULL REFERENCES screens (id),
    sequence     INTEGER NOT NULL,
    digest       TEXT NOT NULL,
    sealed_at    INTEGER NOT NULL,
    received_at  INTEGER NOT NULL,
    plays        INTEGER NOT NULL,
    not_counted  TEXT NOT NULL,
    signed       BLOB NOT NULL,
    PRIMARY KEY (screen_id, sequence)
) STRICT;

-- How far each screen's chain is stored: the number and digest of its last batch.
CREATE TABLE play_chains (
    screen_id  TEXT PRIMARY KEY REFERENCES screens (id),
    sequence   INTEGER NOT NULL,
    digest     TEXT NOT NULL
) STRICT;

-- The plays of the batches, with the facts of their time: a venue that changes later does not change what was.
CREATE TABLE plays (
    screen_id    TEXT NOT NULL,
    sequence     INTEGER NOT NULL,
    position     INTEGER NOT NULL,
    started_at   INTEGER NOT NULL,
    day          TEXT NOT NULL,
    zone         TEXT NOT NULL,
    creative_id  TEXT NOT NULL,
    asset        TEXT NOT NULL,
    booking_id   TEXT NOT NULL,
    campaign_id  TEXT NOT NULL,
    planned_ms   INTEGER NOT NULL,
    actual_ms    INTEGER NOT NULL,
    status       TEXT NOT NULL,
    put_on_by    TEXT NOT NULL,
    counted      INTEGER NOT NULL,
    flag         TEXT NOT NULL,
    venue_id     TEXT NOT NULL,
    venue_type   TEXT NOT NULL,
    area         TEXT NOT NULL,
    department   TEXT NOT NULL,
    PRIMARY KEY (screen_id, sequence, position),
    FOREIGN KEY (screen_id, sequence) REFERENCES play_batches (screen_id, sequence)
) STRICT, WITHOUT ROWID;
CREATE INDEX plays_by_start ON plays (started_at, screen_id, sequence, position);
CREATE INDEX plays_by_screen ON plays (screen_id, started_at);
CREATE INDEX plays_by_creative ON plays (creative_id, started_at);
CREATE INDEX plays_by_campaign ON plays (campaign_id, started_at);
CREATE INDEX plays_by_venue_type ON plays (venue_type, started_at);
CREATE INDEX plays_by_area ON plays (area, started_at);

-- Counters of plays: what summaries read, kept in the same transaction as the plays.
CREATE TABLE play_counts (
    screen_id    TEXT NOT NULL,
    creative_id  TEXT NOT NULL,
    campaign_id  TEXT NOT NULL,
    day          TEXT NOT NULL,
    hour         INTEGER NOT NULL,
    venue_id     TEXT NOT NULL,
    venue_type   TEXT NOT NULL,
    area         TEXT NOT NULL,
    department   TEXT NOT NULL,
    completed    INTEGER NOT NULL,
    interrupted  INTEGER NOT NULL,
    failed       INTEGER NOT NULL,
    not_counted  INTEGER NOT NULL,
    shown_ms     INTEGER NOT NULL,
    PRIMARY KEY (screen_id, creative_id, campaign_id, day, hour, venue_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX play_counts_by_day ON play_counts (day);

-- What a person should look into: refused batches with their bytes, gaps, plays that were not counted.
CREATE TABLE play_findings (
    id           INTEGER PRIMARY KEY,
    screen_id    TEXT NOT NULL REFERENCES screens (id),
    area         TEXT NOT NULL,
    department   TEXT NOT NULL,
    kind         TEXT NOT NULL,
    sequence     INTEGER,
    batch        TEXT NOT NULL,
    first_at     INTEGER NOT NULL,
    last_at      INTEGER NOT NULL,
    times        INTEGER NOT NULL,
    details      TEXT NOT NULL,
    signed       BLOB,
    resolved_at  INTEGER,
    UNIQUE (screen_id, kind, batch)
) STRICT;
