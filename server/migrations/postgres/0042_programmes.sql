-- For which programme a playlist was made: after a restart only screens are woken that get another one.
ALTER TABLE playlists ADD COLUMN programme TEXT;
