//! Whose federation decides on a request of a person, and who took it in: whoever did does not decide on it.

crate::migration!(
    "
-- federation: a division or federation code; the household where all records agree, else the lowest federation above them.
ALTER TABLE person_request ADD COLUMN federation TEXT NOT NULL DEFAULT '';
UPDATE person_request SET federation = region;
CREATE INDEX person_request_federation ON person_request (federation, state, due_on);
-- Who took it in, of one that did not come by the web.
ALTER TABLE person_request ADD COLUMN taken_by UUID;
"
);
