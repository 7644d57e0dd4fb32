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
    CountyOfficer as X, InstitutionOperator as I, NationalOfficer as N, PrefectureOfficer as C,
    ProvinceOfficer as P, Trainee as T,
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
    SeeSelf = "see_self" [I, X, C, P, N];
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
    /// Read single personal values of a trainee of one's scope, for a purpose.
    ReadPersonalData = "read_personal_data" [I, X, C, P, N];
    /// Note what the register of disability certificates said.
    CheckCards = "check_cards" [X, C, P];
    /// Take in and decide requests of persons.
    HandlePersonRequests = "handle_person_requests" [X, C, P];
    /// See alarms of bulk reading. The auditor joins this list.
    SeeReadAlarms = "see_read_alarms" [P, N];
    /// See one's own record.
    SeeOwnRecord = "see_own_record" [T];
    /// Give and withdraw one's own consents, and make requests.
    ManageOwnConsent = "manage_own_consent" [T];
    /// Keep issuer keys.
    ManageKeys = "manage_keys" [N];
}
