CREATE TABLE campaigns (
    id                TEXT PRIMARY KEY,
    name              TEXT NOT NULL,
    goal              TEXT NOT NULL,
    owner_department  TEXT NOT NULL,
    starts            TEXT NOT NULL,
    ends              TEXT NOT NULL,
    state             TEXT NOT NULL CHECK (state IN ('draft', 'published', 'withdrawn')),
    author            TEXT NOT NULL,
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL
) STRICT;

-- The bookings as they are being edited.
CREATE TABLE bookings (
    id           TEXT PRIMARY KEY,
    campaign_id  TEXT NOT NULL REFERENCES campaigns (id),
    position     INTEGER NOT NULL,
    name         TEXT NOT NULL,
    creatives    TEXT NOT NULL,
    selector     TEXT NOT NULL,
    schedule     TEXT NOT NULL,
    mode         TEXT NOT NULL
) STRICT;
CREATE INDEX bookings_by_campaign ON bookings (campaign_id, position);

-- The bookings as they were published: insert-only. The newest one of a published campaign is in force.
CREATE TABLE campaign_revisions (
    campaign_id   TEXT NOT NULL REFERENCES campaigns (id),
    revision      INTEGER NOT NULL,
    bookings      TEXT NOT NULL,
    published_at  INTEGER NOT NULL,
    published_by  TEXT NOT NULL,
    PRIMARY KEY (campaign_id, revision)
) STRICT;

CREATE TABLE takeovers (
    id            TEXT PRIMARY KEY,
    title         TEXT NOT NULL,
    level         TEXT NOT NULL,
    creatives     TEXT NOT NULL,
    selector      TEXT NOT NULL,
    starts        INTEGER NOT NULL,
    expires       INTEGER NOT NULL,
    started_by    TEXT NOT NULL,
    withdrawn_at  INTEGER,
    withdrawn_by  TEXT
) STRICT;
CREATE INDEX takeovers_by_expiry ON takeovers (expires);
