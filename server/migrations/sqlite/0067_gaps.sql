-- What was not shown on a day and needs a look (core::playlog::gaps), found in the night after it; looked at again when a screen
-- that was silent has reported. `day` counts from 1970-01-01. Resolved: what came since leaves no such gap.
CREATE TABLE gap_findings (
    id           INTEGER PRIMARY KEY,
    screen_id    TEXT NOT NULL REFERENCES screens (id),
    area         TEXT NOT NULL,
    department   TEXT NOT NULL,
    day          INTEGER NOT NULL,
    zone         TEXT NOT NULL,
    cause        TEXT NOT NULL,
    start_at     INTEGER NOT NULL,
    end_at       INTEGER NOT NULL,
    missing_ms   INTEGER NOT NULL,
    gaps         INTEGER NOT NULL,
    found_at     INTEGER NOT NULL,
    resolved_at  INTEGER,
    UNIQUE (screen_id, day, zone, cause, start_at)
) STRICT;
CREATE INDEX gap_findings_by_day ON gap_findings (day, id);
-- Days that were looked through.
CREATE TABLE gap_days (
    day        INTEGER PRIMARY KEY,
    looked_at  INTEGER NOT NULL,
    screens    INTEGER NOT NULL
) STRICT;
