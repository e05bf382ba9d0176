-- Probed files. The bytes are in the blob store under the digest.
CREATE TABLE uploads (
    digest       TEXT PRIMARY KEY,
    bytes        INTEGER NOT NULL,
    name         TEXT NOT NULL,
    media        TEXT NOT NULL,
    thumbnail    TEXT,
    uploaded_by  TEXT NOT NULL,
    uploaded_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE creatives (
    id              TEXT PRIMARY KEY,
    kind            TEXT NOT NULL,
    title           TEXT NOT NULL,
    fraud_type      TEXT NOT NULL,
    text            TEXT,
    upload          TEXT REFERENCES uploads (digest),
    duration_ms     INTEGER NOT NULL,
    valid_from      TEXT,
    valid_until     TEXT,
    state           TEXT NOT NULL,
    content_hash    TEXT NOT NULL,
    revision        INTEGER NOT NULL,
    author          TEXT NOT NULL,
    hands           TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL
) STRICT;
CREATE INDEX creatives_by_state ON creatives (state);
CREATE INDEX creatives_by_upload ON creatives (upload);

-- Insert-only: who took which step on exactly which content.
CREATE TABLE creative_steps (
    creative_id   TEXT NOT NULL REFERENCES creatives (id),
    revision      INTEGER NOT NULL,
    at            INTEGER NOT NULL,
    account_id    TEXT,
    account_name  TEXT NOT NULL,
    step          TEXT NOT NULL,
    from_state    TEXT NOT NULL,
    to_state      TEXT NOT NULL,
    content_hash  TEXT NOT NULL,
    reason        TEXT,
    PRIMARY KEY (creative_id, revision)
) STRICT;

-- The screen classes that have been met so far.
CREATE TABLE screen_classes (
    kind      TEXT NOT NULL,
    zone      TEXT NOT NULL,
    width     INTEGER NOT NULL,
    height    INTEGER NOT NULL,
    first_at  INTEGER NOT NULL,
    PRIMARY KEY (kind, zone, width, height)
) STRICT;

-- One row for each creative and class: the file, or why there is none.
CREATE TABLE renditions (
    creative_id   TEXT NOT NULL REFERENCES creatives (id),
    kind          TEXT NOT NULL,
    zone          TEXT NOT NULL,
    width         INTEGER NOT NULL,
    height        INTEGER NOT NULL,
    content_hash  TEXT NOT NULL,
    renderer      INTEGER NOT NULL,
    asset         TEXT,
    bytes         INTEGER NOT NULL,
    show          TEXT NOT NULL,
    duration_ms   INTEGER NOT NULL,
    problem       TEXT,
    made_at       INTEGER NOT NULL,
    PRIMARY KEY (creative_id, kind, zone, width, height)
) STRICT;
CREATE INDEX renditions_by_asset ON renditions (asset);
