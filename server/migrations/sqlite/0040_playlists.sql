-- Playlists are blobs; this says which ones there are and for which days.
CREATE TABLE playlists (
    digest      TEXT PRIMARY KEY,
    first_day   TEXT NOT NULL,
    last_day    TEXT NOT NULL,
    created_at  INTEGER NOT NULL
) STRICT;

-- Every manifest ever signed: insert-only. The highest version of a screen is in force.
CREATE TABLE manifests (
    screen_id  TEXT NOT NULL REFERENCES screens (id),
    version    INTEGER NOT NULL,
    issued_at  INTEGER NOT NULL,
    playlist   TEXT,
    takeovers  TEXT NOT NULL,
    signed     BLOB NOT NULL,
    PRIMARY KEY (screen_id, version)
) STRICT;
CREATE INDEX manifests_by_playlist ON manifests (screen_id, playlist);
