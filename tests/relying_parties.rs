//! Relying parties as they are run elsewhere: a Shibboleth SP behind Apache, and node-saml. They
//! ask, Homerealm answers in front of a real slapd, and they decide what the answer is worth.

#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop

#[path = "relying_parties/at_node_saml.rs"]
mod at_node_saml;
#[path = "relying_parties/at_shibboleth.rs"]
mod at_shibboleth;
#[path = "relying_parties/federation.rs"]
mod federation;
mod provider;
mod shibboleth;
#[path = "relying_parties/shibboleth_logout.rs"]
mod shibboleth_logout;
mod slapd;
mod strangers;

use std::{fs, path::Path, sync::LazyLock};

use slapd::Slapd;

static SLAPD: LazyLock<Slapd> = LazyLock::new(|| Slapd::start_new(slapd::Options::default()));

const WENDY: &str = "wmoran@fabrikam.com";
const WENDYS_UPN: &str = "special0@partners.contoso.com";
const WENDYS_ANCHOR: &str = "EBrsWwAAAECAAAAAAAAAAA==";

/// What somebody on the way does to a message.
type Change<'a> = &'a dyn Fn(&str) -> String;

/// The first block of a page of the documentation that begins with this.
fn recipe(page: &str, language: &str, begins: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("docs/src")
        .join(page);
    let text = fs::read_to_string(path).expect("a page");
    let blocks = text.split("```").skip(1).step_by(2);
    let block = blocks
        .filter_map(|block| block.strip_prefix(language)?.strip_prefix('\n'))
        .find(|block| block.starts_with(begins));
    block.expect("a block").to_owned()
}
