//! What is public on purpose. Every other operation names a permission in its handler's signature; a test walks the
//! API and the pages and fails for whatever does neither (trust.md AZ-1).

/// Operations of the API that anybody may call, by their operation id.
pub const OPERATIONS: &[&str] = &[
    // Signing in, and what somebody without a session needs.
    "sign_in",
    "sign_in_with_code",
    "ask_sign_in_code",
    "refresh_session",
    "ask_password_reset",
    "set_password",
    // The catalogue and reference data.
    "catalogue_institutions",
    "catalogue_institution",
    "catalogue_programs",
    "catalogue_program",
    "export_institutions",
    "export_programs",
    "list_certificate_types",
    "list_federations",
    "list_occupations",
    "list_regions",
    "roster_template",
    // Grades, rankings and bulletins that are published.
    "list_grading_policies",
    "public_run",
    "public_ranking",
    "public_bulletins",
    // How assessors are drawn, so that anybody can draw again.
    "public_lot",
    // Verification, keys and the log.
    "verify_certificate",
    "verify_certificates",
    "proof",
    "list_keys",
    "checkpoint",
    "leaf_proof",
    "consistency",
    "list_checkpoints",
    "vkey",
    "status_list",
    "did_document",
    "jwks",
    "credential_type",
];

/// Pages that anybody may open.
pub const PAGES: &[&str] = &[
    "/",
    "/institutions",
    "/institutions/{code}",
    "/institutions/{code}/qr.svg",
    "/programs",
    "/programs/{code}",
    "/verify",
    "/verify/help",
    "/verify/offline",
    "/verify/batch",
    "/verify/batch/template.xlsx",
    "/v/{id}",
    "/V/{id}",
    "/institutions.csv",
    "/institutions.xlsx",
    "/programs.csv",
    "/programs.xlsx",
    "/log",
    "/certificate-types",
    "/notices",
    "/rankings",
    "/rankings/compare",
    "/institutions/{code}/score",
    "/bulletins",
    "/bulletins/{number}",
    "/bulletins.atom",
    "/s/{token}",
    "/developers",
    "/help",
    "/privacy",
    "/accessibility",
    "/problems",
    "/problems/{code}",
    "/sign-in",
    "/sign-in/code",
    "/sign-in/code/ask",
    "/password",
    "/password/forgotten",
];

/// Files and probes beside the pages.
pub const FILES: &[&str] = &[
    "/livez",
    "/readyz",
    "/assets/{file}",
    "/verify/offline/{file}",
    "/favicon.ico",
    "/robots.txt",
    "/large",
    "/en",
    "/api/openapi.json",
    // The log as files: tiles and entries.
    "/log/tile/{*path}",
];
