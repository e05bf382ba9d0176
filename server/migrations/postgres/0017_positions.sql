-- Where a venue lies, in millionths of a degree (WGS-84), if anybody said: look-backs ask for what hangs within some distance.
ALTER TABLE venues ADD COLUMN latitude BIGINT CHECK (latitude BETWEEN -90000000 AND 90000000);
ALTER TABLE venues ADD COLUMN longitude BIGINT CHECK (longitude BETWEEN -180000000 AND 180000000);
