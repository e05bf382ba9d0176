-- Time of each zone that believed plays have taken, by UTC day: nothing is counted twice in it.
CREATE TABLE play_covered (
    screen_id  TEXT NOT NULL,
    day        INTEGER NOT NULL,
    zone       TEXT NOT NULL,
    stretches  BLOB NOT NULL,
    PRIMARY KEY (screen_id, day, zone)
) STRICT, WITHOUT ROWID;
