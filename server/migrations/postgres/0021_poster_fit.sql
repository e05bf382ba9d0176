-- How a poster is fitted into a zone of another shape.
ALTER TABLE creatives ADD COLUMN fit TEXT NOT NULL DEFAULT 'whole';
