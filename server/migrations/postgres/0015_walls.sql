-- How a screen runs over the day: off hours, brightness and volume tables, transition; JSON, empty for what is usual.
ALTER TABLE screens ADD COLUMN wall TEXT NOT NULL DEFAULT '{}';
