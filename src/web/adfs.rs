//! The addresses that AD FS has, so that whatever points at one finds the same here. Its server
//! takes capital and small letters for the same, so they are here.

use hyper::{Method, StatusCode};

use crate::{
    http::{Request, Response, response},
    observe::CorrelationId,
};

use super::{IdentityProvider, refusal::Refused, unsolicited};

/// The address of WS-Federation, below the base URL. It is found without its last slash, too.
pub const PASSIVE_PATH: &str = "/adfs/ls/";

const FEDERATION_METADATA: &str = "/FederationMetadata/2007-06/FederationMetadata.xml";
const PROBE: &str = "/adfs/probe";

impl IdentityProvider {
    /// What stands at one of AD FS's addresses.
    pub(super) async fn adfs(
        &self,
        request: &Request,
        correlation: &CorrelationId,
    ) -> Result<Response, Refused> {
        let is_read = matches!(request.method, Method::GET | Method::HEAD);
        let is = |path: &str| request.path().eq_ignore_ascii_case(path);
        if is(PASSIVE_PATH) || is(PASSIVE_PATH.trim_end_matches('/')) {
            match request.method {
                Method::GET | Method::POST => self.ws_federation(request, correlation).await,
                _ => Err(Refused::Method("GET, POST")),
            }
        } else if is(unsolicited::ADFS_PATH) {
            match request.method {
                // Boxed, as all but a sign-in by a request is.
                Method::GET => Box::pin(self.adfs_initiated(request, correlation)).await,
                _ => Err(Refused::Method("GET")),
            }
        } else if is(FEDERATION_METADATA) {
            is_read
                .then(|| self.signing().metadata.federation())
                .ok_or(Refused::Method("GET, HEAD"))
        } else if is(PROBE) {
            // For load balancers that were set up for AD FS: the process is there, and no more.
            is_read
                .then(|| response::text(StatusCode::OK, "ok\n"))
                .ok_or(Refused::Method("GET, HEAD"))
        } else {
            // Boxed, since it waits for the directory with all of a message at hand: each request,
            // by whatever protocol, would carry room for that.
            Box::pin(self.ws_trust(request, correlation)).await
        }
    }
}
