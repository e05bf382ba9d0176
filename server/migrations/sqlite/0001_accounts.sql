CREATE TABLE accounts (
    id             TEXT PRIMARY KEY,
    name           TEXT NOT NULL UNIQUE,
    display_name   TEXT NOT NULL,
    password_hash  TEXT NOT NULL,
    one_time       INTEGER NOT NULL,
    roles          TEXT NOT NULL,
    department     TEXT,
    area           TEXT,
    disabled       INTEGER NOT NULL DEFAULT 0,
    failures       INTEGER NOT NULL DEFAULT 0,
    locked_until   INTEGER,
    created_at     INTEGER NOT NULL,
    last_sign_in   INTEGER
) STRICT;

CREATE TABLE sessions (
    token_digest  TEXT PRIMARY KEY,
    account_id    TEXT NOT NULL REFERENCES accounts (id),
    created_at    INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_by_account ON sessions (account_id);

CREATE TABLE audit_trail (
    id            INTEGER PRIMARY KEY,
    at            INTEGER NOT NULL,
    account_id    TEXT,
    account_name  TEXT NOT NULL,
    action        TEXT NOT NULL,
    subject       TEXT NOT NULL,
    outcome       TEXT NOT NULL,
    details       TEXT NOT NULL
) STRICT;
