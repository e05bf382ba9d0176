CREATE TABLE screens (
    id           TEXT PRIMARY KEY,
    venue_id     TEXT NOT NULL REFERENCES venues (id),
    name         TEXT NOT NULL,
    kind         TEXT NOT NULL,
    width        BIGINT NOT NULL,
    height       BIGINT NOT NULL,
    layout       TEXT NOT NULL,
    sound        TEXT NOT NULL,
    clips        BIGINT NOT NULL,
    timezone     TEXT NOT NULL,
    public_key   TEXT NOT NULL UNIQUE,
    fingerprint  TEXT NOT NULL UNIQUE,
    host         TEXT NOT NULL,
    enrolled_at  BIGINT NOT NULL,
    retired_at   BIGINT
);
CREATE INDEX screens_by_venue ON screens (venue_id);

CREATE TABLE screen_status (
    screen_id  TEXT PRIMARY KEY REFERENCES screens (id),
    seen_at    BIGINT NOT NULL,
    status     TEXT NOT NULL
);

CREATE TABLE pairings (
    code          TEXT PRIMARY KEY,
    fingerprint   TEXT NOT NULL,
    public_key    TEXT NOT NULL,
    capabilities  TEXT NOT NULL,
    expires_at    BIGINT NOT NULL,
    used_at       BIGINT
);
CREATE INDEX pairings_by_fingerprint ON pairings (fingerprint);

CREATE TABLE enrolment_tokens (
    token_digest  TEXT PRIMARY KEY,
    venue_id      TEXT NOT NULL REFERENCES venues (id),
    screen_name   TEXT NOT NULL,
    layout        TEXT NOT NULL,
    sound         TEXT NOT NULL,
    expires_at    BIGINT NOT NULL,
    used_at       BIGINT
);
