//! Upstreams that speak SAML 2.0: to them we are a service provider.

use time::OffsetDateTime;

use crate::keys::KeyRing;

use super::{Ask, Asserted, Expected, Leaving, Terms, UpstreamError};

/// One of them. None can be made yet.
#[derive(Debug)]
pub enum Saml2 {}

impl Saml2 {
    /// The AuthnRequest that asks, signed by us.
    ///
    /// # Errors
    /// [`UpstreamError`], when it cannot be made.
    pub(super) fn ask(
        &self,
        _terms: &Terms,
        _ask: &Ask<'_>,
        _keys: &KeyRing,
    ) -> Result<Leaving, UpstreamError> {
        match *self {}
    }

    /// Reads what was posted as `SAMLResponse`, still in base64.
    ///
    /// # Errors
    /// [`UpstreamError`], unless every check passes.
    pub(super) fn receive(
        &self,
        _terms: &Terms,
        _response: &str,
        _expected: &Expected,
        _now: OffsetDateTime,
    ) -> Result<Asserted, UpstreamError> {
        match *self {}
    }
}
