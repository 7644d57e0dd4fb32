//! When the plan of a class ended because its institution stays.

crate::migration!(
    "
ALTER TABLE class_plan ADD COLUMN ended_at INSTANT;
"
);
