/// What the application, or a policy of the tenant, wants of a sign-in beyond the person's name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    /// `prompt=login`: a session of the identity provider's must not answer.
    pub fresh: bool,
    /// A second factor. At Entra a Conditional Access policy or an application demands it.
    pub mfa: bool,
}
