//! People of an area who are trained elsewhere are found by their household.

crate::migration!(
    "
CREATE INDEX enrolment_household ON enrolment (hukou_region, id);
"
);
