-- Public addresses of what a screen shows, for boot pages that can only fetch a picture. Whoever has one can look and do nothing
-- else; a revoked one is deleted, and the audit trail keeps who made and revoked it.
CREATE TABLE screen_links (
    token       TEXT PRIMARY KEY,
    screen_id   TEXT NOT NULL REFERENCES screens (id),
    created_at  INTEGER NOT NULL,
    created_by  TEXT NOT NULL
) STRICT;
CREATE INDEX screen_links_by_screen ON screen_links (screen_id);
