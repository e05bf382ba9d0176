-- Playlists are blobs; this says which ones there are and for which days.
CREATE TABLE playlists (
    digest      TEXT PRIMARY KEY,
    first_day   TEXT NOT NULL,
    last_day    TEXT NOT NULL,
    created_at  BIGINT NOT NULL
);

-- Every manifest ever signed: insert-only. The highest version of a screen is in force.
CREATE TABLE manifests (
    screen_id  TEXT NOT NULL REFERENCES screens (id),
    version    BIGINT NOT NULL,
    issued_at  BIGINT NOT NULL,
    playlist   TEXT,
    takeovers  TEXT NOT NULL,
    signed     BYTEA NOT NULL,
    PRIMARY KEY (screen_id, version)
);
CREATE INDEX manifests_by_playlist ON manifests (screen_id, playlist);
