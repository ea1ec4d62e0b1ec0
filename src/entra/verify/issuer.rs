//! Whose federation an assertion comes from.

use super::{Judgement, shown};
use crate::entra::{
    Aadsts, Domain, InternalDomainFederation, PreferredAuthenticationProtocol, Refusal, Tenant,
    Tenants, User,
};

/// The federation that an assertion comes from.
#[derive(Clone, Copy)]
pub(super) struct Issuer<'a> {
    pub(super) tenant: &'a Tenant,
    pub(super) domain: &'a Domain,
    pub(super) federation: &'a InternalDomainFederation,
}

impl<'a> Judgement<'a> {
    /// The federation that an assertion says it comes from: a claim until the signature holds. Where
    /// a request was sent, it is one of the tenant whose identity provider was asked.
    pub(super) fn realm(&mut self, issuer: &str) -> Result<Issuer<'a>, Refusal> {
        let tenants = self.verifier.tenants;
        let asked = self.request().map(|request| request.home.clone());
        let of_asked = |tenant: &Tenant| asked.as_ref().is_none_or(|name| tenant.name() == name);
        let found = tenants.of_issuer(issuer);
        let (tenant, domain, federation) = found.ok_or_else(|| unknown_issuer(tenants, issuer))?;
        if !of_asked(tenant) {
            return Err(unknown_realm(
                issuer,
                format!(
                    "It is registered for {}, in another tenant ({}) than the one whose identity \
                     provider was asked.",
                    domain.name,
                    tenant.name()
                ),
            ));
        }
        self.held(
            "Issuer",
            format!("{issuer}, registered for {}", domain.name),
        );
        self.is_asked_by_this_protocol(domain, federation)?;
        Ok(Issuer {
            tenant,
            domain,
            federation,
        })
    }

    fn is_asked_by_this_protocol(
        &self,
        domain: &Domain,
        federation: &InternalDomainFederation,
    ) -> Result<(), Refusal> {
        let preferred = federation.preferred_authentication_protocol;
        if preferred.takes(self.protocol) {
            return Ok(());
        }
        let detail = format!(
            "The answer came by {}, and the preferredAuthenticationProtocol of {} is {preferred}.",
            self.protocol, domain.name
        );
        Err(match preferred {
            PreferredAuthenticationProtocol::WsFed => unknown_realm(&federation.issuer_uri, detail),
            PreferredAuthenticationProtocol::Saml => {
                Aadsts::WsFederationNotSupported.refuse(detail)
            }
        })
    }

    /// The token validation policy of facts 4.7: the realm's root domain is the user's, for users of
    /// all domains that the policy includes.
    pub(super) fn realm_may_speak_for(
        &mut self,
        user: &User,
        Issuer { tenant, domain, .. }: Issuer<'_>,
    ) -> Result<(), Refusal> {
        let upn = &user.user_principal_name;
        let root = tenant.root_of(upn.domain());
        if root.is_some_and(|root| root.name == domain.name) {
            self.held("Realm", format!("{} may speak for {upn}", domain.name));
            return Ok(());
        }
        if root.is_some_and(|root| !tenant.validating_domains().include(root)) {
            let found = format!(
                "{} speaks for {upn}, whose domain the token validation policy leaves out",
                domain.name
            );
            self.held("Realm", found);
            return Ok(());
        }
        Err(Aadsts::TokenValidationPolicy.refuse(format!(
            "The issuer is the federation of {}, and may not speak for {upn}.",
            domain.name
        )))
    }
}

/// Refuses an issuer that no domain has, with the one that was perhaps meant.
fn unknown_issuer(tenants: &Tenants, issuer: &str) -> Refusal {
    let registered = || tenants.iter().flat_map(Tenant::federations);
    let near = registered().find_map(|(domain, federation)| {
        let registered = &federation.issuer_uri;
        let how = difference(registered, issuer)?;
        Some(format!(
            "{} is registered with {registered}: {how}.",
            domain.name
        ))
    });
    unknown_realm(
        issuer,
        near.unwrap_or_else(|| {
            let issuers: Vec<String> = registered()
                .map(|(domain, federation)| {
                    format!("{} for {}", federation.issuer_uri, domain.name)
                })
                .collect();
            format!(
                "The Issuer is {}; registered are {}.",
                shown(issuer),
                issuers.join(", ")
            )
        }),
    )
}

/// Refuses with Entra's sentence, which names the issuer.
pub(super) fn unknown_realm(issuer: &str, detail: String) -> Refusal {
    let issuer: String = issuer.chars().take(200).collect();
    Aadsts::UnknownRealm.refuse_saying(
        format!("The requested federation realm object '{issuer}' does not exist."),
        detail,
    )
}

/// The usual ways to miss an issuer by a little.
fn difference(registered: &str, came: &str) -> Option<&'static str> {
    let bare = |uri: &str| uri.trim_end_matches('/').to_owned();
    let without_scheme = |uri: &str| {
        uri.split_once("://")
            .map_or(uri, |(_, rest)| rest)
            .to_owned()
    };
    if came.trim() == registered {
        Some("white space stands round the Issuer")
    } else if bare(came) == bare(registered) {
        Some("they differ in the slash at the end")
    } else if came.eq_ignore_ascii_case(registered) {
        Some("they differ in upper and lower case")
    } else if without_scheme(came) == without_scheme(registered) {
        Some("they differ in http and https")
    } else {
        None
    }
}
