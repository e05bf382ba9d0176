-- Probed files. The bytes are in the blob store under the digest.
CREATE TABLE uploads (
    digest       TEXT PRIMARY KEY,
    bytes        BIGINT NOT NULL,
    name         TEXT NOT NULL,
    media        TEXT NOT NULL,
    thumbnail    TEXT,
    uploaded_by  TEXT NOT NULL,
    uploaded_at  BIGINT NOT NULL
);

CREATE TABLE creatives (
    id              TEXT COLLATE "C" PRIMARY KEY,
    kind            TEXT NOT NULL,
    title           TEXT NOT NULL,
    fraud_type      TEXT NOT NULL,
    text            TEXT,
    upload          TEXT REFERENCES uploads (digest),
    duration_ms     BIGINT NOT NULL,
    valid_from      TEXT,
    valid_until     TEXT,
    state           TEXT NOT NULL,
    content_hash    TEXT NOT NULL,
    revision        BIGINT NOT NULL,
    author          TEXT NOT NULL,
    hands           TEXT NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL
);
CREATE INDEX creatives_by_state ON creatives (state);
CREATE INDEX creatives_by_upload ON creatives (upload);

-- Insert-only: who took which step on exactly which content.
CREATE TABLE creative_steps (
    creative_id   TEXT NOT NULL REFERENCES creatives (id),
    revision      BIGINT NOT NULL,
    at            BIGINT NOT NULL,
    account_id    TEXT,
    account_name  TEXT NOT NULL,
    step          TEXT NOT NULL,
    from_state    TEXT NOT NULL,
    to_state      TEXT NOT NULL,
    content_hash  TEXT NOT NULL,
    reason        TEXT,
    PRIMARY KEY (creative_id, revision)
);

-- The screen classes that have been met so far.
CREATE TABLE screen_classes (
    kind      TEXT COLLATE "C" NOT NULL,
    zone      TEXT COLLATE "C" NOT NULL,
    width     BIGINT NOT NULL,
    height    BIGINT NOT NULL,
    first_at  BIGINT NOT NULL,
    PRIMARY KEY (kind, zone, width, height)
);

-- One row for each creative and class: the file, or why there is none.
CREATE TABLE renditions (
    creative_id   TEXT NOT NULL REFERENCES creatives (id),
    kind          TEXT COLLATE "C" NOT NULL,
    zone          TEXT COLLATE "C" NOT NULL,
    width         BIGINT NOT NULL,
    height        BIGINT NOT NULL,
    content_hash  TEXT NOT NULL,
    renderer      BIGINT NOT NULL,
    asset         TEXT,
    bytes         BIGINT NOT NULL,
    show          TEXT NOT NULL,
    duration_ms   BIGINT NOT NULL,
    problem       TEXT,
    made_at       BIGINT NOT NULL,
    PRIMARY KEY (creative_id, kind, zone, width, height)
);
CREATE INDEX renditions_by_asset ON renditions (asset);
