//! All admissions of an institution: one of standing is asked for beside another.

crate::migration!(
    "
CREATE INDEX admission_institution ON admission (institution_id);
"
);
