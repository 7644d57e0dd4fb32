//! Rows as they stand in the tables; nothing outside this crate sees them.

/// Declares one entity without relations: joins are written where they are used.
macro_rules! entity {
    ($($(#[$doc:meta])* $module:ident = $table:literal { $($(#[$attr:meta])* $field:ident : $type:ty),* $(,)? })*) => {$(
        $(#[$doc])*
        pub(crate) mod $module {
            use sea_orm::entity::prelude::*;

            #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
            #[sea_orm(table_name = $table)]
            pub struct Model { $($(#[$attr])* pub $field: $type),* }

            #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
            pub enum Relation {}

            impl ActiveModelBehavior for ActiveModel {}
        }
    )*};
}

pub(crate) mod access;
pub(crate) mod assessments;
pub(crate) mod cases;
pub(crate) mod catalogue;
pub(crate) mod certificates;
pub(crate) mod cohorts;
pub(crate) mod evidence;
pub(crate) mod grading;
pub(crate) mod journal;
pub(crate) mod lookups;
pub(crate) mod monitoring;
pub(crate) mod people;
pub(crate) mod reference;
