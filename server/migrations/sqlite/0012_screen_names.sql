-- Two pairings at once must not give one venue two screens of the same name.
CREATE UNIQUE INDEX screens_by_name ON screens (venue_id, name) WHERE retired_at IS NULL;
