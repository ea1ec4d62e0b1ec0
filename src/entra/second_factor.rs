//! A second factor: what Entra makes of the one that an identity provider says it has asked for, by
//! `federatedIdpMfaBehavior` (facts 4.5).

use super::{
    Aadsts, Demand, FederatedIdpMfaBehavior, Protocol, Refusal, Tenants,
    verify::{Check, SignedIn},
};

/// The name under which it is asked for, and told.
pub(super) const MULTIPLE_AUTHN: &str = "http://schemas.microsoft.com/claims/multipleauthn";
/// The other name, of tokens by WS-Federation alone.
const WIA_OR_MULTIPLE_AUTHN: &str = "http://schemas.microsoft.com/claims/wiaormultiauthn";

/// What there is to say of it; nothing, where none is demanded.
///
/// # Errors
/// When the identity provider has to ask for it and has not. Entra itself would send the browser there
/// again, and again.
pub(super) fn judge(
    tenants: &Tenants,
    signed_in: &SignedIn,
    demand: Demand,
) -> Result<Option<Check>, Refusal> {
    if !demand.mfa {
        return Ok(None);
    }
    let said = signed_in.authn_context.as_str();
    let is_proven = said == MULTIPLE_AUTHN
        || (said == WIA_OR_MULTIPLE_AUTHN && signed_in.protocol != Protocol::Saml);
    let found = match (behavior(tenants, signed_in), is_proven) {
        (FederatedIdpMfaBehavior::RejectMfaByFederatedIdp, _) => {
            "the identity provider's does not count: Entra asks for one itself".to_owned()
        }
        (FederatedIdpMfaBehavior::AcceptIfMfaDoneByFederatedIdp, false) => {
            format!("not proven by {said}: Entra asks for one itself")
        }
        (_, true) => format!("proven by {said}"),
        (FederatedIdpMfaBehavior::EnforceMfaByFederatedIdp, false) => {
            return Err(Aadsts::SecondFactorMissing.refuse(format!(
                "federatedIdpMfaBehavior is enforceMfaByFederatedIdp, and the identity provider says \
                 {said}, not {MULTIPLE_AUTHN}."
            )));
        }
    };
    Ok(Some(Check {
        name: "Second factor",
        found,
    }))
}

fn behavior(tenants: &Tenants, signed_in: &SignedIn) -> FederatedIdpMfaBehavior {
    tenants
        .at_address(&signed_in.tenant)
        .and_then(|home| {
            home.federations()
                .find(|(domain, _)| domain.name.as_str() == signed_in.domain)
        })
        .map(|(_, federation)| federation.federated_idp_mfa_behavior)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entra::{Authentication, Tenant, fixture};

    fn tenants(behavior: FederatedIdpMfaBehavior) -> Tenants {
        let mut parts = fixture::contoso().parts();
        for domain in &mut parts.domains {
            if let Authentication::Federated(federation) = &mut domain.authentication {
                federation.federated_idp_mfa_behavior = behavior;
            }
        }
        Tenant::build(parts).unwrap().into()
    }

    fn said(behavior: FederatedIdpMfaBehavior, protocol: Protocol, class: &str) -> String {
        let signed_in = SignedIn {
            user: fixture::user("wmoran@partners.contoso.com", None, None),
            protocol,
            issuer: fixture::ISSUER.to_owned(),
            tenant: "contoso.onmicrosoft.com".to_owned(),
            domain: "partners.contoso.com".to_owned(),
            immutable_id: fixture::WENDYS_ANCHOR.to_owned(),
            authn_context: class.to_owned(),
            authn_instant: String::new(),
            session_index: None,
        };
        let tenants = tenants(behavior);
        assert_eq!(judge(&tenants, &signed_in, Demand::default()), Ok(None));
        let demand = Demand {
            mfa: true,
            ..Demand::default()
        };
        match judge(&tenants, &signed_in, demand) {
            Ok(check) => check.unwrap().found,
            Err(refusal) => refusal.code.to_string(),
        }
    }

    #[test]
    fn what_counts_is_as_the_federation_says() {
        use FederatedIdpMfaBehavior::{
            AcceptIfMfaDoneByFederatedIdp, EnforceMfaByFederatedIdp, RejectMfaByFederatedIdp,
        };
        let password = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
        let (saml, ws) = (Protocol::Saml, Protocol::WsFederation);
        let table = [
            (AcceptIfMfaDoneByFederatedIdp, saml, password, "not proven"),
            (
                AcceptIfMfaDoneByFederatedIdp,
                saml,
                MULTIPLE_AUTHN,
                "proven by",
            ),
            (EnforceMfaByFederatedIdp, saml, MULTIPLE_AUTHN, "proven by"),
            (EnforceMfaByFederatedIdp, saml, password, "AADSTS50076"),
            (
                EnforceMfaByFederatedIdp,
                ws,
                WIA_OR_MULTIPLE_AUTHN,
                "proven by",
            ),
            (
                EnforceMfaByFederatedIdp,
                saml,
                WIA_OR_MULTIPLE_AUTHN,
                "AADSTS50076",
            ),
            (
                RejectMfaByFederatedIdp,
                ws,
                MULTIPLE_AUTHN,
                "does not count",
            ),
        ];
        for (behavior, protocol, class, expected) in table {
            let said = said(behavior, protocol, class);
            assert!(said.contains(expected), "{behavior:?} {class}: {said}");
        }
    }
}
