-- 远程指令: what an office tells one screen to do once. It goes out with the screen's manifest; when the screen says that it did it,
-- that is noted.
CREATE TABLE instructions (
    id          TEXT PRIMARY KEY,
    screen_id   TEXT NOT NULL REFERENCES screens (id),
    kind        TEXT NOT NULL,
    seconds     INTEGER NOT NULL,
    code        TEXT NOT NULL,
    lines       TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    created_by  TEXT NOT NULL,
    expires_at  INTEGER NOT NULL,
    done_at     INTEGER
) STRICT;
CREATE INDEX instructions_by_screen ON instructions (screen_id, created_at);
CREATE INDEX instructions_by_expiry ON instructions (expires_at);
