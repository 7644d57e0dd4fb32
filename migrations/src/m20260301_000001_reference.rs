//! Regions, federations and their areas, occupations, policies.

crate::migration!(
    "
CREATE TABLE region (
  code TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  short_name TEXT NOT NULL,
  full_name TEXT NOT NULL,
  level TEXT NOT NULL,
  parent TEXT,
  federation TEXT,
  valid_from TEXT NOT NULL,
  valid_until TEXT
);
CREATE INDEX region_parent ON region (parent);
CREATE INDEX region_full_name ON region (full_name);

CREATE TABLE federation (
  code TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  level TEXT NOT NULL,
  parent TEXT
);

-- Which areas a federation looks after, itself included. Dated, because divisions merge and are renamed.
CREATE TABLE federation_area (
  federation TEXT NOT NULL,
  area TEXT NOT NULL,
  valid_from TEXT NOT NULL,
  valid_until TEXT,
  PRIMARY KEY (federation, area, valid_from)
);
CREATE INDEX federation_area_area ON federation_area (area);

CREATE TABLE occupation (
  code TEXT NOT NULL,
  edition TEXT NOT NULL,
  name TEXT NOT NULL,
  digital BOOL NOT NULL,
  green BOOL NOT NULL,
  PRIMARY KEY (code, edition)
);

CREATE TABLE policy (
  id TEXT NOT NULL,
  version TEXT NOT NULL,
  sha256 BYTES NOT NULL,
  text TEXT NOT NULL,
  effective_on TEXT NOT NULL,
  PRIMARY KEY (id, version)
);

-- What was loaded from seed-data, so that a start need not load it again.
CREATE TABLE seed (
  name TEXT NOT NULL PRIMARY KEY,
  sha256 BYTES NOT NULL,
  loaded_at INSTANT NOT NULL
);
"
);
