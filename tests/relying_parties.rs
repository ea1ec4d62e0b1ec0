//! Relying parties as they are run elsewhere: a Shibboleth SP behind Apache, and node-saml. They
//! ask, Homerealm answers in front of a real slapd, and they decide what the answer is worth.

#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop

#[path = "relying_parties/at_node_saml.rs"]
mod at_node_saml;
#[path = "relying_parties/at_shibboleth.rs"]
mod at_shibboleth;
mod provider;
mod shibboleth;
mod slapd;
mod strangers;

use std::sync::LazyLock;

use slapd::Slapd;

static SLAPD: LazyLock<Slapd> = LazyLock::new(|| Slapd::start_new(slapd::Options::default()));

const WENDY: &str = "wmoran@fabrikam.com";
const WENDYS_UPN: &str = "special0@partners.contoso.com";
const WENDYS_ANCHOR: &str = "EBrsWwAAAECAAAAAAAAAAA==";
