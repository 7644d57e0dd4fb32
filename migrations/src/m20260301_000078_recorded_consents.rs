//! Who recorded a consent, or a withdrawal, that did not come by the web (field.md 15).

crate::migration!(
    "
-- Code of the federation; none where the person gave it by themselves or a roster reported it.
ALTER TABLE consent ADD COLUMN recorded_by TEXT;
"
);
