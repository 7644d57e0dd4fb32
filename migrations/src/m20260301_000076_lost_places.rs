//! Where certificates whose records were lost stand in the status lists, and what the recovered log says of them.

crate::migration!(
    "
-- Its place, where the list is known; its status, where a recovered leaf tells one (trust.md BK-4).
ALTER TABLE lost_certificate ADD COLUMN status_list INTEGER;
ALTER TABLE lost_certificate ADD COLUMN status_index INTEGER;
ALTER TABLE lost_certificate ADD COLUMN status TEXT;
"
);
