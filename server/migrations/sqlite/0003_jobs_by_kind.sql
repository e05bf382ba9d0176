-- Kinds take turns: the first of each is looked up.
CREATE INDEX jobs_by_kind ON jobs (kind, due_at);
DROP INDEX jobs_by_due;
