//! Institutions, admissions, sites, programs with versions, offers, certificate types.

crate::migration!(
    "
CREATE TABLE institution (
  id UUID NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  -- The name in Latin letters: readings and initials (domain::spelling).
  spellings TEXT NOT NULL,
  credit_code TEXT NOT NULL,
  created_at INSTANT NOT NULL
);
CREATE UNIQUE INDEX institution_credit_code ON institution (credit_code);

-- Names, credit codes and legal persons that an institution had, with dates (field.md 2).
CREATE TABLE institution_history (
  id UUID NOT NULL PRIMARY KEY,
  institution_id UUID NOT NULL REFERENCES institution (id),
  kind TEXT NOT NULL,
  value TEXT NOT NULL,
  valid_from TEXT NOT NULL,
  valid_until TEXT,
  proof TEXT
);
CREATE INDEX institution_history_institution ON institution_history (institution_id);

CREATE TABLE admission (
  id UUID NOT NULL PRIMARY KEY,
  institution_id UUID NOT NULL REFERENCES institution (id),
  federation TEXT NOT NULL REFERENCES federation (code),
  site_region TEXT NOT NULL REFERENCES region (code),
  address TEXT NOT NULL,
  phone TEXT NOT NULL,
  state TEXT NOT NULL,
  state_before TEXT,
  grade TEXT,
  origin TEXT NOT NULL,
  applied_at INSTANT NOT NULL,
  state_since INSTANT NOT NULL,
  due_on TEXT,
  returned_count INTEGER NOT NULL,
  notice_until TEXT,
  suspended_until TEXT,
  bar_until TEXT,
  previous_admission_id UUID,
  revision INTEGER NOT NULL
);
CREATE UNIQUE INDEX admission_open ON admission (institution_id, federation) WHERE state NOT IN ('rejected', 'exited');
CREATE INDEX admission_site_region ON admission (site_region);
CREATE INDEX admission_federation ON admission (federation, state);

CREATE TABLE objection (
  id UUID NOT NULL PRIMARY KEY,
  object_kind TEXT NOT NULL,
  object_id UUID NOT NULL,
  text TEXT NOT NULL,
  raised_at INSTANT NOT NULL,
  state TEXT NOT NULL,
  answer TEXT,
  decided_at INSTANT
);
CREATE INDEX objection_object ON objection (object_id, state);

CREATE TABLE site (
  id UUID NOT NULL PRIMARY KEY,
  institution_id UUID NOT NULL REFERENCES institution (id),
  name TEXT NOT NULL,
  region TEXT NOT NULL REFERENCES region (code),
  address TEXT NOT NULL,
  provisions TEXT NOT NULL,
  created_at INSTANT NOT NULL
);
CREATE INDEX site_institution ON site (institution_id);

CREATE TABLE certificate_type (
  code TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  name_en TEXT NOT NULL,
  description TEXT NOT NULL,
  federation TEXT NOT NULL REFERENCES federation (code),
  validity_months INTEGER,
  created_at INSTANT NOT NULL
);

CREATE TABLE program (
  id UUID NOT NULL PRIMARY KEY,
  code TEXT NOT NULL UNIQUE,
  federation TEXT NOT NULL REFERENCES federation (code),
  institution_id UUID REFERENCES institution (id),
  -- Where it was written: a county's draft goes to the list of its province.
  origin_federation TEXT,
  created_at INSTANT NOT NULL
);

CREATE TABLE program_version (
  id UUID NOT NULL PRIMARY KEY,
  program_id UUID NOT NULL REFERENCES program (id),
  version INTEGER NOT NULL,
  state TEXT NOT NULL,
  name TEXT NOT NULL,
  spellings TEXT NOT NULL,
  purpose TEXT NOT NULL,
  occupation_code TEXT NOT NULL,
  occupation_edition TEXT NOT NULL,
  skill_level INTEGER NOT NULL,
  hours INTEGER NOT NULL,
  content TEXT NOT NULL,
  entry_conditions TEXT NOT NULL,
  assessment_rule TEXT NOT NULL,
  certificate_type TEXT REFERENCES certificate_type (code),
  accessible_forms TEXT NOT NULL,
  suited_needs TEXT NOT NULL,
  market_demand TEXT,
  notice_until TEXT,
  published_on TEXT,
  superseded_on TEXT,
  retired_on TEXT,
  state_since INSTANT NOT NULL,
  revision INTEGER NOT NULL,
  UNIQUE (program_id, version),
  FOREIGN KEY (occupation_code, occupation_edition) REFERENCES occupation (code, edition)
);
CREATE INDEX program_version_state ON program_version (state);

CREATE TABLE offer (
  id UUID NOT NULL PRIMARY KEY,
  program_version_id UUID NOT NULL REFERENCES program_version (id),
  admission_id UUID NOT NULL REFERENCES admission (id),
  site_id UUID NOT NULL REFERENCES site (id),
  state TEXT NOT NULL,
  state_since INSTANT NOT NULL,
  revision INTEGER NOT NULL
);
CREATE UNIQUE INDEX offer_open ON offer (program_version_id, admission_id, site_id) WHERE state <> 'closed';
CREATE INDEX offer_admission ON offer (admission_id);
"
);
