//! Permissions as types: a handler names one in its signature, and nothing else decides.
//!
//! Region scope is not here: it is part of every query (`store::scope`).

use domain::access::Role;

/// What a post may do.
pub trait Permission: Send + Sync + 'static {
    /// Name in the authorization matrix.
    const NAME: &'static str;

    /// The roles that hold it.
    fn roles() -> &'static [Role];

    /// Whether a role holds it.
    fn allows(role: Role) -> bool {
        Self::roles().contains(&role)
    }
}

use Role::{
    Auditor as A, CountyOfficer as X, InstitutionOperator as I, NationalOfficer as N,
    PrefectureOfficer as C, ProvinceOfficer as P,
};

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $text:literal [$($role:ident),*];)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug)]
            pub struct $name;

            impl Permission for $name {
                const NAME: &'static str = $text;

                fn roles() -> &'static [Role] {
                    &[$($role),*]
                }
            }
        )*

        /// Every permission with its roles, for the authorization matrix.
        pub const ALL: &[(&str, &[Role])] = &[$(($text, &[$($role),*])),*];
    };
}

permissions! {
    /// See oneself.
    SeeSelf = "see_self" [I, X, C, P, N, A];
    /// See institutions, programs and cohorts of one's scope.
    SeeRecords = "see_records" [I, X, C, P, N];
    /// Make accounts for subordinate staff.
    ManageAccounts = "manage_accounts" [P, N];
    /// Apply for admission, complete an application, keep sites.
    ApplyInstitution = "apply_institution" [I];
    /// Act on admissions; which transition belongs to whom stands in the transition table.
    ActOnInstitution = "act_on_institution" [I, X, C, P, N];
    /// Record and decide objections.
    DecideObjections = "decide_objections" [X, C, P, N];
    /// Draft and file programs.
    DraftPrograms = "draft_programs" [I, X, C, P, N];
    /// Act on program versions.
    ActOnPrograms = "act_on_programs" [I, X, C, P, N];
    /// Propose and act on offers.
    ActOnOffers = "act_on_offers" [I, P];
    /// Keep certificate types.
    ManageCertificateTypes = "manage_certificate_types" [P, N];
    /// Open and run cohorts, upload rosters, record attendance and results.
    RunCohorts = "run_cohorts" [I];
    /// Act on cohorts; which transition belongs to whom stands in the transition table.
    ActOnCohorts = "act_on_cohorts" [I, X, P];
    /// Decide on an act that another person proposed.
    DecideProposals = "decide_proposals" [X, C, P, N];
    /// Propose a batch of certificates.
    ProposeCertificates = "propose_certificates" [I];
    /// Approve a batch, whereupon the registry signs.
    IssueCertificates = "issue_certificates" [P];
    /// Suspend, resume, supersede, revoke.
    ChangeCertificates = "change_certificates" [P, N];
    /// See certificates of one's scope and make share links.
    SeeCertificates = "see_certificates" [I, X, C, P, N];
    /// Keep issuer keys.
    ManageKeys = "manage_keys" [N];
    /// Read the audit of one's area, check its chain, export it.
    ReadAudit = "read_audit" [A];
    /// Upload evidence files and read those of one's area.
    KeepFiles = "keep_files" [I, X, C, P, N];
    /// Export more than a thousand rows with personal data. Nobody holds it alone: it waits for the two-person export
    /// with a fresh second factor (trust.md UP-5, AU-5).
    BulkExport = "bulk_export" [];
}
