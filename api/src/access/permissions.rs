//! Permissions as types: a handler names one in its signature, and nothing else decides.
//!
//! Region scope is not here: it is part of every query (`store::scope`).

use domain::access::Role;

/// How well the asker must have proved who they are (trust.md AU-5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The password is enough: acts about one's own sign-in.
    Password,
    /// Whoever has a second factor has proved it in this session; whoever has none yet may go on.
    Enrolled,
    /// The second factor was proved in this session, where the role needs one.
    Session,
    /// The second factor was proved within the last five minutes.
    Fresh,
}

/// What a post may do.
pub trait Permission: Send + Sync + 'static {
    /// Name in the authorization matrix.
    const NAME: &'static str;

    /// What it asks of the second factor: a handler that names the permission cannot forget it.
    const PROOF: Proof;

    /// The roles that hold it.
    fn roles() -> &'static [Role];

    /// Whether a role holds it.
    fn allows(role: Role) -> bool {
        Self::roles().contains(&role)
    }
}

use Role::{
    AccountAdmin as D, Assessor as A, Auditor as U, CountyOfficer as X, Employer as E,
    InstitutionManager as M, InstitutionOperator as I, NationalOfficer as N,
    PrefectureOfficer as C, ProvinceOfficer as P, Reviewer as R, Trainee as T,
};

/// What the word after the roles asks for; without one, a proof in the session.
macro_rules! proof {
    () => {
        Proof::Session
    };
    (password) => {
        Proof::Password
    };
    (enrolled) => {
        Proof::Enrolled
    };
    (fresh) => {
        Proof::Fresh
    };
}

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $text:literal [$($role:ident),*] $($proof:ident)?;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug)]
            pub struct $name;

            impl Permission for $name {
                const NAME: &'static str = $text;
                const PROOF: Proof = proof!($($proof)?);

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
    SeeSelf = "see_self" [I, X, C, P, N, M, R, A, U, D, T, E] password;
    /// See and end one's own sessions, enrol and prove a second factor.
    ManageOwnAccess = "manage_own_access" [I, X, C, P, N, M, R, A, U, D, T, E] password;
    /// Change one's own password.
    ChangeOwnPassword = "change_own_password" [I, X, C, P, N, M, R, A, U, D, E] enrolled;
    /// See one's own second factors.
    SeeOwnFactors = "see_own_factors" [I, X, C, P, N, M, R, A, U, D, T, E] enrolled;
    /// Name one's own second factors and take one away.
    ChangeOwnFactors = "change_own_factors" [I, X, C, P, N, M, R, A, U, D, T, E] fresh;
    /// See institutions, programs and cohorts of one's scope.
    SeeRecords = "see_records" [I, X, C, P, N, M, R, U];
    /// See who of one's area is trained elsewhere: the federations, by the household (field.md 3).
    SeeResidents = "see_residents" [X, C, P, N, R, U];
    /// Make and end accounts of subordinate staff.
    ManageAccounts = "manage_accounts" [D, M];
    /// Apply for admission, complete an application, keep sites.
    ApplyInstitution = "apply_institution" [I];
    /// Act on admissions; which transition belongs to whom stands in the transition table.
    ActOnInstitution = "act_on_institution" [I, X, C, P, N];
    /// Record objections that came in, and see them.
    RecordObjections = "record_objections" [X, C, P, N];
    /// Object to a grading result: the institution to its own, federations for whoever wrote or called.
    ObjectToResults = "object_to_results" [I, X, C, P, N];
    /// Put an opinion, a visit or an inspection on record; which belongs to whom stands in the table of reports.
    RecordReports = "record_reports" [X, C, P];
    /// See opinions, visits and inspections.
    SeeReports = "see_reports" [X, C, P, N, R, U];
    /// Decide objections to an admission: who admits (grading.md 7, T07 and T08).
    DecideObjections = "decide_objections" [P, N];
    /// File papers in cases; which paper belongs to whom stands in the table of papers.
    KeepCases = "keep_cases" [I, C, P, N];
    /// Extend the term of a rectification order.
    ExtendTerms = "extend_terms" [P];
    /// Decline a wish to leave; say that nothing follows from an exit in another province.
    AnswerLeaving = "answer_leaving" [P];
    /// Record the service of decisions.
    ServeDecisions = "serve_decisions" [C, P, N];
    /// Declare one's own interest in an institution.
    DeclareInterest = "declare_interest" [X, C, P, N, R];
    /// Appeal against a decision on one's own institution.
    LodgeAppeals = "lodge_appeals" [I];
    /// Act on appeals; which act belongs to whom stands in the table of appeals.
    ActOnAppeals = "act_on_appeals" [I, X, C, P, N];
    /// Appeal against an act that concerns oneself, and take that back.
    AppealForOneself = "appeal_for_oneself" [T];
    /// Say whether one's own work on record is so.
    AnswerForOneself = "answer_for_oneself" [T];
    /// See what is due and overdue.
    SeeAlarms = "see_alarms" [I, X, C, P, N, M, R, A, U];
    /// Record the places that the licence of a site allows.
    LicenseSites = "license_sites" [X, C, P];
    /// Let a held batch through, with a reason.
    ReviewBatches = "review_batches" [P] fresh;
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
    /// See the proposals that wait in one's scope.
    SeeProposals = "see_proposals" [X, C, P, N, R, U];
    /// Decide on an act that another person proposed: a revocation among them, so the proof is fresh.
    DecideProposals = "decide_proposals" [X, C, P, N, R] fresh;
    /// Record attendance, which the county alone corrects afterwards (workflow.md 2).
    RecordAttendance = "record_attendance" [I, X];
    /// Propose a batch of certificates.
    ProposeCertificates = "propose_certificates" [I];
    /// Approve a batch, whereupon the registry signs.
    IssueCertificates = "issue_certificates" [P] fresh;
    /// Suspend, resume, supersede, revoke.
    ChangeCertificates = "change_certificates" [P, N] fresh;
    /// See certificates of one's scope.
    SeeCertificates = "see_certificates" [I, X, C, P, N, M, R, U];
    /// Open the files of certificates, which tell the full name: who confirms, audits or administers needs none.
    OpenCertificateFiles = "open_certificate_files" [I, X, C, P, N];
    /// Check a certificate for a caller: the part to read out, and whether the caller's fits.
    CheckByTelephone = "check_by_telephone" [X, C, P, N];
    /// Make share links for the files of certificates, for holders who ask a federation for one.
    ShareCertificates = "share_certificates" [X, C, P, N];
    /// Read single personal values of a trainee of one's scope, for a purpose.
    ReadPersonalData = "read_personal_data" [I, X, C, P, N];
    /// Note what the register of disability certificates said.
    CheckCards = "check_cards" [X, C, P];
    /// Take in and decide requests of persons.
    HandlePersonRequests = "handle_person_requests" [X, C, P];
    /// See alarms of bulk reading.
    SeeReadAlarms = "see_read_alarms" [P, N, U];
    /// See all keys, their states and history.
    SeeKeys = "see_keys" [N, U];
    /// Keep keys.
    ManageKeys = "manage_keys" [N] fresh;
    /// Print the certificates of a batch: they tell the full names.
    PrintBatches = "print_batches" [I, X, C, P, N] fresh;
    /// Print a sign-in code for a trainee at the counter.
    PrintSignInSlips = "print_sign_in_slips" [X];
    /// See one's own record.
    SeeOwnRecord = "see_own_record" [T];
    /// Give and take back one's own consent.
    ManageOwnConsent = "manage_own_consent" [T];
    /// Read the audit of one's area, check its chain, export it.
    ReadAudit = "read_audit" [U];
    /// Upload evidence files and read those of one's area.
    KeepFiles = "keep_files" [I, X, C, P, N];
    /// Draft and publish grading policies: N the baseline, P an override.
    ManageGradingPolicies = "manage_grading_policies" [P, N];
    /// Freeze a period for grading.
    FreezePeriods = "freeze_periods" [N];
    /// Compute runs on frozen evidence, try a draft policy on it.
    RunGrading = "run_grading" [P, N];
    /// Publish the grades of one's federation.
    PublishGrades = "publish_grades" [P];
    /// See runs, results of one's scope, publications.
    SeeGrades = "see_grades" [I, X, C, P, N, M, R, U];
    /// Take record-level evidence and exact results, to compute them again.
    RecomputeGrades = "recompute_grades" [N, A, U] fresh;
    /// Claim work of a trainee, add evidence, contest.
    ClaimEpisodes = "claim_episodes" [I, X, C, P, N];
    /// Verify work, decide contests, follow up, exclude, close conflicts.
    DecideEpisodes = "decide_episodes" [X, C, P, N];
    /// Import snapshots of registers.
    ImportRegisters = "import_registers" [X, C, P];
    /// Declare that a register does not answer (grading.md 3: the province).
    DeclareOutages = "declare_outages" [P];
    /// Confirm that a trainee cannot be reached (field.md 15).
    ConfirmNotContactable = "confirm_not_contactable" [X];
    /// Record where trainees are reached, as they said themselves.
    RecordContacts = "record_contacts" [X];
    /// Record consents and withdrawals that came on paper or by voice (field.md 15).
    RecordConsents = "record_consents" [X];
    /// See work of trainees, conflicts.
    SeeEvidence = "see_evidence" [I, X, C, P, N, M, U];
    /// Send surveys, suspend one with too many flags.
    RunSurveys = "run_surveys" [X, C, P];
    /// Take answers on paper, by telephone and in interviews: the county of its place, an assessor of the own sample.
    TakeSurveyAnswers = "take_survey_answers" [X, A];
    /// Draw calls by a third party, settle flagged answers.
    AuditSurveys = "audit_surveys" [P];
    /// Accredit third-party assessors and withdraw accreditations.
    AccreditAssessors = "accredit_assessors" [P, N];
    /// Commission third-party assessments, draw and replace assessors, annul.
    CommissionAssessments = "commission_assessments" [P, N];
    /// Take on an assessment that one was drawn for: declare, see the sample, report.
    Assess = "assess" [A];
    /// Countersign a visit of an assessment of one's own institution, reply to its report.
    ReplyToAssessments = "reply_to_assessments" [I];
    /// See assessments of one's scope, or those one was drawn for, and who is accredited.
    SeeAssessments = "see_assessments" [I, X, C, P, N, M, R, A, U];
    /// Write, review, publish and withdraw bulletins.
    WriteBulletins = "write_bulletins" [P, N];
    /// Ask for a file of more than a thousand rows with personal data, and take it once another person has approved
    /// (trust.md UP-5, AU-5).
    BulkExport = "bulk_export" [X, C, P, N] fresh;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Permissions that change nothing, or only the holder's own sign-in.
    const READ_ONLY: &[&str] = &[
        "see_self",
        "manage_own_access",
        "change_own_password",
        "see_own_factors",
        "change_own_factors",
        "see_records",
        "see_residents",
        "see_proposals",
        "see_alarms",
        "see_certificates",
        "read_audit",
        "see_read_alarms",
        "see_grades",
        "see_keys",
        "see_evidence",
        "recompute_grades",
        "see_assessments",
        "see_reports",
    ];

    fn held_by(role: Role) -> Vec<&'static str> {
        ALL.iter()
            .filter(|(_, roles)| roles.contains(&role))
            .map(|(name, _)| *name)
            .collect()
    }

    #[test]
    fn an_auditor_never_writes() {
        for name in held_by(Role::Auditor) {
            assert!(READ_ONLY.contains(&name), "{name}");
        }
    }

    #[test]
    fn who_administers_accounts_has_no_business_powers() {
        let own = [
            "see_self",
            "manage_own_access",
            "change_own_password",
            "see_own_factors",
            "change_own_factors",
            "manage_accounts",
        ];
        assert_eq!(held_by(Role::AccountAdmin), own);
        for (name, roles) in ALL {
            if *name == "manage_accounts" {
                assert!(!roles.iter().any(|role| [I, X, C, P, N, R].contains(role)));
            }
        }
    }

    #[test]
    fn a_reviewer_confirms_and_proposes_nothing() {
        for name in held_by(Role::Reviewer) {
            assert!(
                READ_ONLY.contains(&name)
                    || ["decide_proposals", "declare_interest"].contains(&name),
                "{name}"
            );
        }
    }

    #[test]
    fn signing_revoking_keys_and_bulk_export_ask_for_a_fresh_proof() {
        for proof in [
            IssueCertificates::PROOF,
            ChangeCertificates::PROOF,
            DecideProposals::PROOF,
            ManageKeys::PROOF,
            PrintBatches::PROOF,
            BulkExport::PROOF,
            ChangeOwnFactors::PROOF,
        ] {
            assert_eq!(proof, Proof::Fresh);
        }
    }
}
