//! Single logout (SAML core 3.7, profiles 4.4): messages about the end of a session.
//!
//! Both kinds go both ways. A relying party asks by a [`LogoutRequest`] and is answered; and we tell
//! each of the others by an [`OutgoingLogoutRequest`], which it answers by a [`LogoutResponse`].

mod request;
mod response;
#[cfg(test)]
mod tests;

pub use request::{LogoutRequest, NamedPerson, OutgoingLogoutRequest};
pub use response::{LogoutAnswer, LogoutResponse, OutgoingLogoutResponse};

use crate::{
    keys::Signer,
    xml::{CanonicalWriter, Name},
};

use super::names::plain;

/// Opens a message that is signed itself where there is a signer.
fn open(
    writer: &mut CanonicalWriter,
    name: Name,
    id: &str,
    attributes: &[(Name, &str); 4],
    signer: Option<&Signer>,
) {
    if signer.is_some() {
        writer.open_signed(name, "ID", id, attributes);
    } else {
        let [a, b, c, d] = *attributes;
        writer.open(name, &[a, b, c, d, (plain("ID"), id)]);
    }
}

fn close(writer: &mut CanonicalWriter, signer: Option<&Signer>) {
    match signer {
        Some(signer) => writer.close_signed(signer),
        None => writer.close(),
    }
}
