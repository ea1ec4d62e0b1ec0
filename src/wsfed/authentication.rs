/// What kind of authentication `wauth` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestedAuthentication {
    /// A password.
    Password,
    /// More than one factor. It is answered with the one that there is, by its own name: Entra then
    /// asks for another one itself, as its `federatedIdpMfaBehavior` says.
    SeveralFactors,
}

/// The names that a password has: Entra's own, which `prompt=login` is translated to, and those of
/// SAML 1.1 and SAML 2.0.
const PASSWORD: [&str; 4] = [
    "http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password",
    "urn:oasis:names:tc:SAML:1.0:am:password",
    "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
    "urn:oasis:names:tc:SAML:2.0:ac:classes:Password",
];

/// The names under which Entra asks for a second factor. The second of them would take Windows
/// sign-in from inside the network instead, which there is none of here.
const SEVERAL_FACTORS: [&str; 2] = [
    "http://schemas.microsoft.com/claims/multipleauthn",
    "http://schemas.microsoft.com/claims/wiaormultiauthn",
];

impl RequestedAuthentication {
    /// The meaning of a `wauth` parameter. `None` for what nobody here can do, such as Windows or
    /// certificate authentication, and for what is not known.
    pub fn parse(uri: &str) -> Option<Self> {
        if PASSWORD.contains(&uri) {
            Some(Self::Password)
        } else if SEVERAL_FACTORS.contains(&uri) {
            Some(Self::SeveralFactors)
        } else {
            None
        }
    }
}
