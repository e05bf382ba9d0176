-- How each manifest said that the wall runs (JSON; empty for what is usual): a day is looked back at long after the manifest's
-- bytes are forgotten.
ALTER TABLE manifests ADD COLUMN wall TEXT NOT NULL DEFAULT '';
