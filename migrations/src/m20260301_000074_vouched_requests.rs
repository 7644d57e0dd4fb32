//! Who vouched that a request on the web came from the person: printed the code or recorded the number that signs them in.

crate::migration!(
    "
-- Members of staff, ids with a space between them, as it was when the request was filed.
ALTER TABLE person_request ADD COLUMN vouched_by TEXT NOT NULL DEFAULT '';
"
);
