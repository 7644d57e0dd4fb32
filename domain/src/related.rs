//! Employers that belong to a training institution: work for them counts only with a register's proof and for half a year
//! (grading.md 3).

use crate::{named, text_enum};

text_enum! {
    /// How an employer belongs to an institution.
    Relation("relation of an employer to an institution") {
        /// The institution founded it, or holds shares in it.
        Founded = "founded",
        /// It holds shares in the institution.
        Owner = "owner",
        /// The same people stand for both or run both.
        SamePeople = "same_people",
        /// It belongs to close relatives of those who run the institution.
        Relatives = "relatives",
    }
}

named!(Relation {
    Founded = "由该机构设立或参股" / "founded or partly owned by the institution",
    Owner = "为该机构的举办者或股东" / "founder or owner of the institution",
    SamePeople = "法定代表人、负责人或管理人员相同" / "run by the same people",
    Relatives = "由该机构负责人的近亲属经营" / "run by close relatives of those who run the institution",
});
