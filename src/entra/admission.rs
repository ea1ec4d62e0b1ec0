//! What follows on the judgement of an answer: whether the tenant lets in whom an identity provider
//! vouches for.

use super::{
    Aadsts, Demand, DomainName, Refusal, Tenants, UserType, second_factor,
    verify::{Check, SignedIn},
};

/// Where somebody wants to be let in.
pub(super) struct Admission<'a> {
    /// All tenants.
    pub(super) tenants: &'a Tenants,
    /// The one at whose address it began, where it named one.
    pub(super) resource: Option<&'a DomainName>,
    /// How the application is called.
    pub(super) application: &'a str,
    /// What is wanted of the sign-in.
    pub(super) demand: Demand,
}

impl Admission<'_> {
    /// Who is let in, or why not. Checks that held are added to those before.
    pub(super) fn decide(
        &self,
        judged: Result<SignedIn, Refusal>,
        checks: &mut Vec<Check>,
    ) -> Result<SignedIn, Refusal> {
        let signed_in = judged
            .and_then(|signed_in| self.is_at_home(signed_in))
            .map_err(|refusal| self.where_mfa_is_demanded(refusal))?;
        self.is_let_in(&signed_in)?;
        checks.extend(second_factor::judge(self.tenants, &signed_in, self.demand)?);
        Ok(signed_in)
    }

    /// Whoever signed in at home is nobody yet in another tenant: there are no invited guests here.
    fn is_at_home(&self, signed_in: SignedIn) -> Result<SignedIn, Refusal> {
        let Some(resource) = self.resource.filter(|it| it.as_str() != signed_in.tenant) else {
            return Ok(signed_in);
        };
        let home = self.tenants.at_address(&signed_in.tenant);
        let issuer = home.map_or_else(String::new, |home| {
            format!("https://sts.windows.net/{}/", home.id())
        });
        Err(Aadsts::NotInTenant.refuse_saying(
            format!(
                "User account '{}' from identity provider '{issuer}' does not exist in tenant \
                 '{resource}' and cannot access the application '{}' in that tenant. The account \
                 needs to be added as an external user in the tenant first. Sign out and sign in \
                 again with a different Azure Active Directory user account.",
                signed_in.user.user_principal_name, self.application,
            ),
            format!(
                "The identity provider of {} has vouched for a user of {}; the address was one of \
                 {resource}.",
                signed_in.domain, signed_in.tenant
            ),
        ))
    }

    /// Of an account that is not there Entra says something else where it would have to prove a second
    /// factor.
    fn where_mfa_is_demanded(&self, refusal: Refusal) -> Refusal {
        match refusal.code {
            Aadsts::NotInTenant | Aadsts::ImmutableIdNotFound if self.demand.mfa => {
                Aadsts::AccountNotInTenant.refuse_saying(refusal.message, refusal.detail)
            }
            _ => refusal,
        }
    }

    fn is_let_in(&self, signed_in: &SignedIn) -> Result<(), Refusal> {
        let user = &signed_in.user;
        if !self.demand.members_only || user.user_type != UserType::Guest {
            return Ok(());
        }
        Err(Aadsts::GuestNotAllowed.refuse(format!(
            "{} is synchronised with the userType Guest, and the link lets in members alone.",
            user.user_principal_name
        )))
    }
}
