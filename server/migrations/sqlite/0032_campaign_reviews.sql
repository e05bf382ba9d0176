-- Stages, and the review of a campaign's draft. `state` keeps its meaning: what of a campaign is planned.
ALTER TABLE campaigns ADD COLUMN stages TEXT NOT NULL DEFAULT '[]';
ALTER TABLE campaigns ADD COLUMN review TEXT NOT NULL DEFAULT '"open"';
-- Everybody who edited or submitted it since it was last published, as far as the audit trail knows.
ALTER TABLE campaigns ADD COLUMN hands TEXT NOT NULL DEFAULT '[]';
UPDATE campaigns SET hands = COALESCE((
    SELECT json_group_array(DISTINCT t.account_id) FROM audit_trail t
    WHERE t.account_id IS NOT NULL AND t.action LIKE 'campaigns.%' AND json_extract(t.details, '$.id') = campaigns.id
      AND t.at > COALESCE((SELECT MAX(r.published_at) FROM campaign_revisions r WHERE r.campaign_id = campaigns.id), 0)
), '[]');

-- The days that were published: a campaign runs by these, not by those that are being edited.
ALTER TABLE campaign_revisions ADD COLUMN starts TEXT NOT NULL DEFAULT '';
ALTER TABLE campaign_revisions ADD COLUMN ends TEXT NOT NULL DEFAULT '';
UPDATE campaign_revisions SET
    starts = (SELECT c.starts FROM campaigns c WHERE c.id = campaign_revisions.campaign_id),
    ends = (SELECT c.ends FROM campaigns c WHERE c.id = campaign_revisions.campaign_id);

-- What was done with a campaign: insert-only.
CREATE TABLE campaign_steps (
    campaign_id   TEXT NOT NULL REFERENCES campaigns (id),
    number        INTEGER NOT NULL,
    at            INTEGER NOT NULL,
    account_name  TEXT NOT NULL,
    step          TEXT NOT NULL,
    revision      INTEGER,
    hash          TEXT,
    reason        TEXT,
    PRIMARY KEY (campaign_id, number)
) STRICT;
INSERT INTO campaign_steps (campaign_id, number, at, account_name, step, revision)
    SELECT campaign_id, revision, published_at, published_by, 'publish', revision FROM campaign_revisions;
