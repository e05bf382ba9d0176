-- What screens have to make up for of their quotas, as the last nightly look at the play log found it.
CREATE TABLE arrears (
    screen_id   TEXT NOT NULL REFERENCES screens (id),
    booking_id  TEXT NOT NULL,
    first_day   TEXT NOT NULL,
    due         INTEGER NOT NULL,
    made        INTEGER NOT NULL,
    missed      INTEGER NOT NULL,
    PRIMARY KEY (screen_id, booking_id)
) STRICT, WITHOUT ROWID;
