-- What was shown around a place in some days: looked up by area first.
CREATE INDEX play_counts_by_area ON play_counts (area, day);
