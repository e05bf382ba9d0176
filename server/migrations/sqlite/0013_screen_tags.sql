-- Free tags of a screen, a JSON list of texts in the order people gave them.
ALTER TABLE screens ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';
