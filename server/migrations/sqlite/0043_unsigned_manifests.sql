-- Manifests are stored as what is signed, and signed when a player asks: the same words give the same signature. `signed` is
-- of the time before. Both are empty of what has been superseded for long (and named no takeover).
ALTER TABLE manifests ADD COLUMN says BLOB NOT NULL DEFAULT X'';
