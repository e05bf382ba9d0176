CREATE TABLE areas (
    code         TEXT PRIMARY KEY,
    name         TEXT NOT NULL,
    level        TEXT NOT NULL CHECK (level IN ('county', 'township', 'village')),
    source_year  BIGINT NOT NULL
);

CREATE TABLE departments (
    code  TEXT PRIMARY KEY,
    name  TEXT NOT NULL
);

CREATE TABLE venues (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    type        TEXT NOT NULL,
    area        TEXT NOT NULL REFERENCES areas (code),
    department  TEXT NOT NULL REFERENCES departments (code),
    address     TEXT NOT NULL,
    opening     TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    UNIQUE (area, name)
);
CREATE INDEX venues_by_type ON venues (type);
CREATE INDEX venues_by_department ON venues (department);
