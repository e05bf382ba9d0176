CREATE TABLE jobs (
    kind        TEXT NOT NULL,
    key         TEXT NOT NULL,
    due_at      BIGINT NOT NULL,
    attempts    BIGINT NOT NULL,
    revision    BIGINT NOT NULL,
    last_error  TEXT,
    PRIMARY KEY (kind, key)
);
CREATE INDEX jobs_by_due ON jobs (due_at);
