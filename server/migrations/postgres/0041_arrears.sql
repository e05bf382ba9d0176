-- What screens have to make up for of their quotas, as the last nightly look at the play log found it.
CREATE TABLE arrears (
    screen_id   TEXT NOT NULL REFERENCES screens (id),
    booking_id  TEXT NOT NULL,
    first_day   TEXT NOT NULL,
    due         BIGINT NOT NULL,
    made        BIGINT NOT NULL,
    missed      BIGINT NOT NULL,
    PRIMARY KEY (screen_id, booking_id)
);
