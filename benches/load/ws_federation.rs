//! Entra's request by WS-Federation, and what its answer must hold.

use anyhow::{Context, Result, ensure};
use homerealm::http::PageForm;

/// The path that requests go to.
pub(crate) const PATH: &str = "/adfs/ls/";

/// The query of Entra's request (MS-MWBF 2.2.3), with a context of some length, as Entra's have.
pub(crate) fn query(relying_party: &str, id: &str) -> String {
    form_urlencoded::Serializer::new(String::new())
        .append_pair("client-request-id", "7a0e6a0c-3f5e-4d2b-9d63-0b1f1f0f6a11")
        .append_pair("wa", "wsignin1.0")
        .append_pair("wtrealm", relying_party)
        .append_pair("wctx", &context(id))
        .finish()
}

fn context(id: &str) -> String {
    format!("estsredirect=2&estsrequest={}{id}", "rQQIARAA".repeat(75))
}

/// The page must post a signed token, and the context of this very request.
pub(crate) fn check(form: &PageForm, id: &str) -> Result<()> {
    let result = form
        .field("wresult")
        .context("no wresult; a page that asks again?")?;
    ensure!(
        result.contains("<saml:NameIdentifier "),
        "the answer has no token"
    );
    ensure!(
        result.contains("<ds:SignatureValue"),
        "the answer is not signed"
    );
    ensure!(
        form.field("wctx") == Some(&context(id)),
        "the context has not come back"
    );
    Ok(())
}
