//! Blind indexes come first in their index: with the kind first, SQLite read every disability card of the country to find
//! those of a handful of persons, so that each roster took longer the more people were registered.

crate::migration!(
    "
DROP INDEX person_identifier_current;
CREATE UNIQUE INDEX person_identifier_current ON person_identifier (blind_index, kind) WHERE valid_until IS NULL;
"
);
