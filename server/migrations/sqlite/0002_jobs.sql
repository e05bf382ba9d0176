CREATE TABLE jobs (
    kind        TEXT NOT NULL,
    key         TEXT NOT NULL,
    due_at      INTEGER NOT NULL,
    attempts    INTEGER NOT NULL,
    revision    INTEGER NOT NULL,
    last_error  TEXT,
    PRIMARY KEY (kind, key)
) STRICT;
CREATE INDEX jobs_by_due ON jobs (due_at);
