//! Upstreams that speak `OpenID` Connect: to them we are a client.

use time::OffsetDateTime;

use crate::http::Form;

use super::{Ask, Asserted, Expected, Leaving, Terms, UpstreamError};

/// One of them. None can be made yet.
#[derive(Debug)]
pub enum OpenId {}

#[allow(clippy::unused_async)] // discovery, keys and tokens are fetched
impl OpenId {
    /// The authentication request that asks.
    ///
    /// # Errors
    /// [`UpstreamError`], when it cannot be made.
    pub(super) async fn ask(
        &self,
        _terms: &Terms,
        _ask: &Ask<'_>,
    ) -> Result<Leaving, UpstreamError> {
        match *self {}
    }

    /// Reads the parameters that came back, and redeems the code.
    ///
    /// # Errors
    /// [`UpstreamError`], unless every check passes.
    pub(super) async fn receive(
        &self,
        _terms: &Terms,
        _query: &Form,
        _expected: &Expected,
        _now: OffsetDateTime,
    ) -> Result<Asserted, UpstreamError> {
        match *self {}
    }
}
