//! The attacker's table: what must be refused is sent to the running program, over real HTTPS and
//! in front of a real slapd; each refusal must be a page that leads nowhere, with the number of an
//! audit line that knows the cause. When all is done, the same process signs the same person in,
//! and holds hardly more memory than before.

// A test may stop; its tables are long; and a case is no cause.
#![allow(clippy::expect_used, clippy::indexing_slicing)]
#![allow(
    clippy::too_many_lines,
    clippy::similar_names,
    clippy::format_push_string
)]

mod provider;
mod slapd;

#[path = "bad_input/consumers.rs"]
mod consumers;
#[path = "bad_input/edge.rs"]
mod edge;
#[path = "bad_input/forms.rs"]
mod forms;
#[path = "bad_input/markup.rs"]
mod markup;
#[path = "bad_input/messages.rs"]
mod messages;
#[path = "bad_input/mutation.rs"]
mod mutation;
#[path = "bad_input/raw.rs"]
mod raw;
#[path = "bad_input/signed.rs"]
mod signed;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use homerealm::keys::Signer;
use provider::{Asked, Options, Provider};
use raw::{Answer, Raw, SESSION_COOKIE};
use slapd::{PASSWORD, Slapd};

const WENDY: &str = "wmoran@fabrikam.com";

/// What the process may hold more after some thousand hostile requests than before them; it is
/// less than one. A kilobyte kept of each would be more than this.
const GROWTH_KIB: u64 = 2 * 1024;

/// The second-level status of the SAML Response on a page, or the first where there is no other.
pub(crate) fn samlp_status(answer: &Answer) -> String {
    let form = answer
        .find_form("post")
        .unwrap_or_else(|| panic!("no answer: {answer:?}"));
    let document = STANDARD
        .decode(form.field("SAMLResponse").expect("a SAMLResponse"))
        .expect("base64");
    let document = String::from_utf8(document).expect("UTF-8");
    let (_, last) = document
        .rsplit_once("urn:oasis:names:tc:SAML:2.0:status:")
        .expect("a status");
    last.split('"').next().expect("an end").to_owned()
}

async fn wendy_signs_in(provider: &Provider) -> Answer {
    let page = Raw::get(Asked::new().to_redirect()).send(provider).await;
    let answer = forms::prove(provider, &page, WENDY, PASSWORD).await;
    answer.must_be_a_secure_page("the answer");
    assert_eq!(samlp_status(&answer), "Success");
    answer
}

/// One process takes it all, chapter by chapter.
#[tokio::test]
async fn nothing_bad_gets_through_and_the_process_stays_as_it_was() {
    let slapd = Slapd::start_new(slapd::Options {
        accounts: 10,
        ..Default::default()
    });
    let mut provider = Provider::start(&slapd, Options::default());
    wendy_signs_in(&provider).await;
    // Each of the server's threads has arenas and buffers of its own, and fills them when it first has
    // work. Which one has is chance, so that once is not enough.
    for _ in 0..3 {
        messages::malformed_bindings(&provider).await;
        messages::malformed_xml(&provider).await;
        messages::malformed_requests(&provider).await;
    }
    let before = provider.resident_kib();

    messages::malformed_xml(&provider).await;
    messages::malformed_requests(&provider).await;
    messages::malformed_bindings(&provider).await;
    consumers::unknown_addresses(&provider).await;
    consumers::known_addresses(&provider).await;
    consumers::stale_and_misdirected(&provider).await;
    forms::unsolicited_and_forged(&provider).await;
    forms::answered_once(&provider).await;
    forms::sessions_cannot_be_planted(&provider).await;
    forms::failures_keep_their_number(&provider).await;
    markup::hints_and_names_are_text(&provider).await;
    markup::issuers_and_subjects_are_text(&provider).await;
    markup::relay_state_comes_back(&provider).await;
    edge::hosts_are_not_believed(&provider).await;
    edge::methods_and_addresses(&provider).await;
    edge::sizes_and_framing(&provider).await;
    mutation::five_hundred_mutations(&provider).await;

    assert!(provider.is_alive());
    let answer = wendy_signs_in(&provider).await;
    let after = provider.resident_kib();
    assert!(
        after <= before + GROWTH_KIB,
        "{before} KiB before, {after} KiB after"
    );
    nothing_secret_is_in_the_log(&provider, &answer);
    assert_eq!(provider.stop(), Some(0));
}

fn nothing_secret_is_in_the_log(provider: &Provider, answer: &Answer) {
    let log = provider.log();
    let token = answer.cookie(SESSION_COOKIE).expect("a session");
    let form = answer.find_form("post").expect("a form");
    let response = form.field("SAMLResponse").expect("a SAMLResponse");
    let text = log.join("\n");
    for secret in [
        PASSWORD,
        token,
        &response[..40],
        "<saml:Assertion",
        "SAMLResponse=",
        "state=",
    ] {
        assert!(!text.contains(secret), "{secret} is in the log");
    }
    assert!(
        !text.contains("panicked") && !text.contains("internal error"),
        "{text}"
    );
    // A stranger's line feeds and brackets have made no line of their own: each is a JSON object
    // of ours, or begins with a time of ours; and nothing in it is beyond ASCII.
    for line in &log {
        let json = serde_json::from_str::<serde_json::Value>(line)
            .is_ok_and(|line| line["target"] == "homerealm::audit");
        let talk = line.starts_with("20") && line.as_bytes().get(10) == Some(&b'T');
        assert!(json || talk, "{line}");
        assert!(!line.contains(['\u{202e}', '\u{2028}', '\u{1b}']), "{line}");
    }
    let forged = log
        .iter()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let issued = forged.filter(|line| line["event"] == "assertion-issued");
    assert!(
        issued
            .into_iter()
            .all(|line| line["assertion_id"].is_string())
    );
}

#[tokio::test]
async fn signatures_that_must_hold_hold_what_is_used() {
    let slapd = Slapd::start_new(slapd::Options {
        accounts: 1,
        ..Default::default()
    });
    let required = Options {
        relying_party: "request_signatures = \"required\"\nrequest_certificates = [\"sp.crt\"]",
        ..Options::default()
    };
    let provider = Provider::start(&slapd, required);
    let read = |name| std::fs::read(provider.file(name)).expect("a file");
    let signer = Signer::from_pem(&read("sp.key"), &read("sp.crt")).expect("the party's key");
    signed::wrapped_requests(&provider, &signer).await;
    signed::confused_algorithms(&provider, &signer).await;
    signed::signed_queries(&provider, &signer).await;
}
