//! The cost of one signed Response as a multiple of one bare RSA-2048 signature, in the same run.
//!
//! The two are measured in turn, block by block, so that a machine whose speed drifts drifts for
//! both; the median of the blocks' ratios is what counts. Exits 1 above the budget.
//!
//! With `BARE_SIGNATURES=24` in the environment, it makes that many with the key in the working folder
//! and does nothing else: what `benches/instructions` counts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)] // a bench may stop

use std::{env, fs, hint::black_box, process::ExitCode, time::Instant};

use homerealm::{
    keys::{Signer, create_signing_key},
    saml2::{Assertion, AuthnContextClass, SuccessResponse, new_id},
    trust::{Claim, NameId, NameIdFormat},
};
use time::{Duration, OffsetDateTime};

const BUDGET: f64 = 1.05;
const BLOCKS: usize = 61;
const PER_BLOCK: u32 = 40;

fn main() -> ExitCode {
    if let Ok(count) = env::var("BARE_SIGNATURES") {
        bare_signatures(count.parse().expect("a number"));
        return ExitCode::SUCCESS;
    }
    let signer = create_signing_key("bench", 1)
        .expect("a key can be made")
        .signer;
    let mut ratios = Vec::with_capacity(BLOCKS);
    let (mut bare_best, mut response_best) = (f64::MAX, f64::MAX);
    for _ in 0..BLOCKS {
        let bare = microseconds(|| {
            black_box(signer.sign_rsa_sha256(black_box(&[7; 400])).expect("signs"));
        });
        let response = microseconds(|| {
            black_box(signed_response(&signer));
        });
        bare_best = bare_best.min(bare);
        response_best = response_best.min(response);
        ratios.push(response / bare);
    }
    ratios.sort_by(f64::total_cmp);
    let median = ratios[BLOCKS / 2];
    println!("bare RSA-2048 signature   {bare_best:8.1} µs (best block)");
    println!("signed SAML 2.0 Response  {response_best:8.1} µs (best block)");
    println!(
        "ratio                     {median:8.3} (median of {BLOCKS} blocks, {:.3} to {:.3}); at most {BUDGET}",
        ratios[0],
        ratios[BLOCKS - 1]
    );
    if median <= BUDGET {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn bare_signatures(count: usize) {
    let (key, certificate) = (fs::read("signing.key"), fs::read("signing.crt"));
    let signer = Signer::from_pem(&key.expect("a key"), &certificate.expect("a certificate"));
    let signer = signer.expect("they belong together");
    for _ in 0..count {
        black_box(signer.sign_rsa_sha256(black_box(&[7; 400])).expect("signs"));
    }
}

fn microseconds(mut work: impl FnMut()) -> f64 {
    let started = Instant::now();
    for _ in 0..PER_BLOCK {
        work();
    }
    started.elapsed().as_secs_f64() * 1e6 / f64::from(PER_BLOCK)
}

/// As a sign-in writes it, fresh IDs included.
fn signed_response(signer: &Signer) -> String {
    let now = OffsetDateTime::now_utc();
    let (response, assertion) = (new_id().expect("random"), new_id().expect("random"));
    SuccessResponse {
        id: &response,
        assertion: Assertion {
            id: &assertion,
            issuer: "https://login.contoso.com/partners",
            issue_instant: now,
            name_id: &NameId {
                format: NameIdFormat::Persistent,
                value: "1TIu064jGEmmf+hnI+F0Jg==".into(),
            },
            in_response_to: Some("_6d7e8b1c-0d6c-4d0e-9a53-6f1f3a6d2f10"),
            recipient: "https://login.microsoftonline.com/login.srf",
            audience: "urn:federation:MicrosoftOnline",
            not_before: now - Duration::minutes(1),
            not_on_or_after: now + Duration::hours(1),
            attributes: &[Claim::new("IDPEmail", "wmoran@partners.contoso.com")],
            authn_instant: now,
            session_index: &assertion,
            authn_context: AuthnContextClass::PasswordProtectedTransport,
        },
        sign_response: false,
        encryption: None,
    }
    .to_signed_xml(signer)
    .expect("writes")
}
