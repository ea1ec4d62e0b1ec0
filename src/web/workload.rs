//! What each address costs, and who finds a place for it; where signatures are made.

use hyper::Method;

use crate::{
    http::Request,
    overload::{Place, Work},
    upstream::{OPENID_ANSWERS, SAML2_ANSWERS},
};

use super::{
    IdentityProvider, PASSWORD_PATH, SSO_PATH,
    adfs::PASSIVE_PATH,
    applications::APPLICATIONS_PATH,
    refusal::Refused,
    start::START_PATH,
    unsolicited::{ADFS_PATH, UNSOLICITED_PATH},
};

impl IdentityProvider {
    /// A place for what this request asks for; nothing, where it costs next to nothing.
    ///
    /// # Errors
    /// When there is none: the person is to come again in a moment.
    pub(super) fn place_for(&self, request: &Request) -> Result<Option<Place<'_>>, Refused> {
        work_of(request)
            .map(|work| self.workload.admit(work).map_err(Refused::Busy))
            .transpose()
    }

    /// Does what ends in a signature, when it is its turn.
    pub(super) async fn sign<T>(&self, job: impl FnOnce() -> T) -> T {
        let _turn = self.workload.signatures().turn().await;
        job()
    }
}

/// WS-Trust is not here: who is refused there gets a fault.
fn work_of(request: &Request) -> Option<Work> {
    let brings_password = request.method == Method::POST;
    let path = request.path();
    match path {
        SSO_PATH | UNSOLICITED_PATH => Some(Work::SignIn),
        "/signin" | PASSWORD_PATH => brings_password.then_some(Work::Password),
        SAML2_ANSWERS | OPENID_ANSWERS => Some(Work::Upstream),
        _ if path == APPLICATIONS_PATH || path.starts_with(START_PATH) => {
            Some(if brings_password {
                Work::Password
            } else {
                Work::SignIn
            })
        }
        _ if is_passive(path) => {
            // A session may always be ended.
            let is_sign_out = request.raw_query().contains("wsignout");
            (!is_sign_out).then_some(Work::SignIn)
        }
        _ => None,
    }
}

fn is_passive(path: &str) -> bool {
    let is = |known: &str| path.eq_ignore_ascii_case(known);
    is(PASSIVE_PATH) || is(PASSIVE_PATH.trim_end_matches('/')) || is(ADFS_PATH)
}
