-- Batches of sorts that are few (plays/flags.rs: not shown 6, cut short 8, not believed 32), so that looking for those alone does
-- not read all the others. The conditions stand here as they stand in the queries.
CREATE INDEX play_batches_failed_by_first ON play_batches (first_at, screen_no, sequence) WHERE (marks & 6) <> 0;
CREATE INDEX play_batches_failed_by_last ON play_batches (last_at, screen_no, sequence) WHERE (marks & 6) <> 0;
CREATE INDEX play_batches_cut_by_first ON play_batches (first_at, screen_no, sequence) WHERE (marks & 8) <> 0;
CREATE INDEX play_batches_cut_by_last ON play_batches (last_at, screen_no, sequence) WHERE (marks & 8) <> 0;
CREATE INDEX play_batches_flagged_by_first ON play_batches (first_at, screen_no, sequence) WHERE (marks & 32) <> 0;
CREATE INDEX play_batches_flagged_by_last ON play_batches (last_at, screen_no, sequence) WHERE (marks & 32) <> 0;
