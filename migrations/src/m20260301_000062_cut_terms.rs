//! Terms that end because their stage was left are told apart from those whose act was done.

crate::migration!(
    "
-- The stage (T13 and the like) that a case left while the term ran. When the case comes back to it, the term begins again
-- with its old last day, and the mark is taken away.
ALTER TABLE term ADD COLUMN cut_from TEXT;
"
);
