ALTER TABLE bookings ADD COLUMN most_per_day BIGINT;
