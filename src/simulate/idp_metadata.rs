//! What an administrator registers of an identity provider, taken from its metadata: SAML's, or the
//! FederationMetadata.xml of WS-Federation.
//!
//! The metadata is believed as it stands, as whoever copies values out of it believes it.

use crate::{
    entra::{
        Authentication, Domain, DomainName, ImmutableId, InternalDomainFederation,
        PreferredAuthenticationProtocol, SignInName, Tenant, TenantError, TenantParts, Tenants,
        User, UserType,
    },
    keys::{Certificate, KeyError},
    saml2::LARGEST_METADATA,
    xml::{self, Element, Limits, ReadError},
};

/// Why nothing can be registered by a document.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdpMetadataError {
    /// It is no XML as it must be.
    #[error("the metadata cannot be read: {0}")]
    Xml(#[from] ReadError),
    /// It describes no identity provider, or none that speaks the protocol.
    #[error("the metadata describes no identity provider that speaks {0}")]
    NoIdentityProvider(String),
    /// It describes several, and nobody can tell which one is meant.
    #[error("the metadata describes {0} identity providers: take that of one of them")]
    Several(usize),
    /// Something that has to be registered is not in it.
    #[error("the metadata has no {0}")]
    Missing(&'static str),
    /// A certificate is none.
    #[error("a certificate in the metadata cannot be read: {0}")]
    Certificate(#[from] KeyError),
    /// There are more keys than Entra has room for.
    #[error(
        "the metadata has {0} signing certificates, and a federation has room for two: write those \
         that are meant into a tenant's file"
    )]
    TooManyKeys(usize),
    /// There is nothing to put it into.
    #[error("the first tenant has no federated domain that the metadata could be registered for")]
    NoFederation,
    /// Graph would refuse what it says.
    #[error(transparent)]
    Tenant(#[from] TenantError),
}

/// Whom Entra knows, where no tenant's file says it.
#[derive(Clone, Debug)]
pub struct OnlyUser {
    /// What she types: `onPremisesUserPrincipalName`.
    pub email: SignInName,
    /// `userPrincipalName`, whose domain is the federated one.
    pub user_principal_name: SignInName,
    /// `onPremisesImmutableId`.
    pub immutable_id: ImmutableId,
}

const MD: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
const FED: &str = "http://docs.oasis-open.org/wsfed/federation/200706";
const WSA: &str = "http://www.w3.org/2005/08/addressing";
const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
const SAML2: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const BINDINGS: [&str; 2] = [
    "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST",
    "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect",
];

const LIMITS: Limits = Limits {
    bytes: LARGEST_METADATA,
    depth: 32,
    attributes: 64,
    elements: 64 * 1024,
};

/// What is registered of the one identity provider that the metadata describes: by `protocol`, or by SAML
/// where it speaks that, and else by WS-Federation.
///
/// Entra posts its requests by SAML, so that the address for HTTP-POST goes before that for HTTP-Redirect.
///
/// # Errors
/// [`IdpMetadataError`]
pub fn read(
    document: &[u8],
    protocol: Option<PreferredAuthenticationProtocol>,
) -> Result<InternalDomainFederation, IdpMetadataError> {
    use PreferredAuthenticationProtocol::{Saml, WsFed};
    let root = xml::read(document, &LIMITS)?;
    let protocols = match &protocol {
        Some(protocol) => std::slice::from_ref(protocol),
        None => &[Saml, WsFed],
    };
    for &protocol in protocols {
        let mut found = Vec::new();
        find(&root, protocol, &mut found);
        match found.as_slice() {
            [] => {}
            [(entity, role)] => return registered(entity, role, protocol),
            several => return Err(IdpMetadataError::Several(several.len())),
        }
    }
    let names: Vec<String> = protocols.iter().map(ToString::to_string).collect();
    Err(IdpMetadataError::NoIdentityProvider(names.join(" or ")))
}

/// The tenants with this federation in place of the first one of the first tenant. What metadata does not
/// say stays: how the second factor counts, say, and `signOutUri` where one is written.
///
/// # Errors
/// Where there is no federation, or Graph would refuse it.
pub fn register(
    tenants: &Tenants,
    federation: InternalDomainFederation,
) -> Result<Tenants, IdpMetadataError> {
    let mut parts = tenants.first().parts();
    let old = parts
        .domains
        .iter_mut()
        .find_map(|domain| match &mut domain.authentication {
            Authentication::Federated(old) => Some(old),
            _ => None,
        });
    let old = old.ok_or(IdpMetadataError::NoFederation)?;
    if old.preferred_authentication_protocol != federation.preferred_authentication_protocol {
        // Addresses of the other protocol would lead elsewhere.
        old.active_sign_in_uri = None;
        old.metadata_exchange_uri = None;
    }
    old.sign_out_uri = old.sign_out_uri.take().or(federation.sign_out_uri);
    old.issuer_uri = federation.issuer_uri;
    old.preferred_authentication_protocol = federation.preferred_authentication_protocol;
    old.passive_sign_in_uri = federation.passive_sign_in_uri;
    old.signing_certificate = federation.signing_certificate;
    old.next_signing_certificate = federation.next_signing_certificate;
    Ok(tenants.with(Tenant::build(parts)?)?)
}

/// A tenant with this federation and one user, who is a guest.
///
/// # Errors
/// When Graph would refuse it.
pub fn tenant_for(
    user: OnlyUser,
    federation: InternalDomainFederation,
) -> Result<Tenants, IdpMetadataError> {
    let mut parts = TenantParts::new(tenant_name()?);
    "Contoso".clone_into(&mut parts.display_name);
    parts.domains.push(Domain {
        name: user.user_principal_name.domain().clone(),
        authentication: Authentication::Federated(Box::new(federation)),
    });
    parts.users.push(User {
        on_premises_user_principal_name: Some(user.email),
        on_premises_immutable_id: Some(user.immutable_id),
        user_type: UserType::Guest,
        ..User::new(user.user_principal_name)
    });
    Ok(Tenant::build(parts)?.into())
}

fn tenant_name() -> Result<DomainName, TenantError> {
    DomainName::parse("contoso.onmicrosoft.com").map_err(|_| TenantError::NoTenant)
}

/// Entities with a role that speaks the protocol, within groups, too.
fn find<'a>(
    element: &'a Element,
    protocol: PreferredAuthenticationProtocol,
    found: &mut Vec<(&'a Element, &'a Element)>,
) {
    if element.is(MD, "EntityDescriptor") {
        let role = element.elements().find(|role| speaks(role, protocol));
        found.extend(role.map(|role| (element, role)));
    } else if element.is(MD, "EntitiesDescriptor") {
        for entity in element.elements() {
            find(entity, protocol, found);
        }
    }
}

fn speaks(role: &Element, protocol: PreferredAuthenticationProtocol) -> bool {
    match protocol {
        PreferredAuthenticationProtocol::Saml => {
            let spoken = role.attribute("protocolSupportEnumeration");
            role.is(MD, "IDPSSODescriptor")
                && spoken.is_some_and(|it| it.split_ascii_whitespace().any(|it| it == SAML2))
        }
        PreferredAuthenticationProtocol::WsFed => {
            let kind = role.attribute_ns(XSI, "type").unwrap_or("");
            let (_, kind) = kind.split_once(':').unwrap_or(("", kind));
            role.is(MD, "RoleDescriptor") && kind == "SecurityTokenServiceType"
        }
    }
}

fn registered(
    entity: &Element,
    role: &Element,
    protocol: PreferredAuthenticationProtocol,
) -> Result<InternalDomainFederation, IdpMetadataError> {
    let missing = IdpMetadataError::Missing;
    let issuer = entity.attribute("entityID").ok_or(missing("entityID"))?;
    let passive = match protocol {
        PreferredAuthenticationProtocol::Saml => {
            service(role, "SingleSignOnService").ok_or(missing("SingleSignOnService"))?
        }
        PreferredAuthenticationProtocol::WsFed => {
            passive_requestor(role).ok_or(missing("PassiveRequestorEndpoint"))?
        }
    };
    let mut keys = signing(role)?.into_iter();
    let key = keys.next().ok_or(missing("signing certificate"))?;
    let mut federation = InternalDomainFederation::new(issuer, protocol, passive, key);
    federation.next_signing_certificate = keys.next();
    federation.sign_out_uri = match protocol {
        PreferredAuthenticationProtocol::Saml => {
            service(role, "SingleLogoutService").map(str::to_owned)
        }
        // AD FS has one address for both.
        PreferredAuthenticationProtocol::WsFed => Some(with_query(passive, "wa=wsignout1.0")),
    };
    match keys.len() {
        0 => Ok(federation),
        more => Err(IdpMetadataError::TooManyKeys(more + 2)),
    }
}

fn service<'a>(role: &'a Element, name: &str) -> Option<&'a str> {
    BINDINGS.iter().find_map(|binding| {
        role.elements()
            .filter(|service| service.is(MD, name))
            .find(|service| service.attribute("Binding") == Some(binding))
            .and_then(|service| service.attribute("Location"))
    })
}

fn passive_requestor(role: &Element) -> Option<&str> {
    let endpoint = role
        .elements()
        .find(|it| it.is(FED, "PassiveRequestorEndpoint"))?;
    let reference = endpoint
        .elements()
        .find(|it| it.is(WSA, "EndpointReference"))?;
    let address = reference.elements().find(|it| it.is(WSA, "Address"))?;
    address.text().map(str::trim)
}

/// What signs: the first certificate of each such key, each once.
fn signing(role: &Element) -> Result<Vec<Certificate>, KeyError> {
    let mut all: Vec<Certificate> = Vec::new();
    for key in role.elements().filter(|it| it.is(MD, "KeyDescriptor")) {
        if key.attribute("use").is_some_and(|of| of != "signing") {
            continue;
        }
        if let Some(text) = certificate(key) {
            let bare: String = text.split_ascii_whitespace().collect();
            let read = Certificate::from_base64(&bare)?;
            if !all.contains(&read) {
                all.push(read);
            }
        }
    }
    Ok(all)
}

fn certificate(key: &Element) -> Option<&str> {
    let info = key.elements().find(|it| it.is(DS, "KeyInfo"))?;
    let data = info.elements().find(|it| it.is(DS, "X509Data"))?;
    data.elements()
        .find(|it| it.is(DS, "X509Certificate"))?
        .text()
}

fn with_query(address: &str, query: &str) -> String {
    let sign = if address.contains('?') { '&' } else { '?' };
    format!("{address}{sign}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entra::fixture::{self, CURRENT, NEXT};
    use PreferredAuthenticationProtocol::{Saml, WsFed};

    fn key(of: &str, certificate: &str) -> String {
        format!(
            "<KeyDescriptor{of}><KeyInfo xmlns='{DS}'><X509Data><X509Certificate>\n{}\n{}\n\
             </X509Certificate></X509Data></KeyInfo></KeyDescriptor>",
            &certificate[..64],
            &certificate[64..]
        )
    }

    /// As AD FS has it: both protocols, each with its keys.
    fn metadata() -> String {
        let (current, next) = (CURRENT.certificate().base64(), NEXT.certificate().base64());
        let keys = key(" use='signing'", current) + &key(" use='signing'", next);
        format!(
            "<EntityDescriptor xmlns='{MD}' xmlns:xsi='{XSI}' xmlns:fed='{FED}' \
             entityID='http://sts.fabrikam.com/adfs/services/trust'>\
             <RoleDescriptor xsi:type='fed:ApplicationServiceType'/>\
             <RoleDescriptor xsi:type='fed:SecurityTokenServiceType'>{keys}\
             <fed:PassiveRequestorEndpoint><EndpointReference xmlns='{WSA}'>\
             <Address>https://sts.fabrikam.com/adfs/ls/</Address></EndpointReference>\
             </fed:PassiveRequestorEndpoint></RoleDescriptor>\
             <IDPSSODescriptor protocolSupportEnumeration='{SAML2}'>{}{keys}\
             <SingleLogoutService Binding='{redirect}' Location='https://sts.fabrikam.com/slo'/>\
             <SingleSignOnService Binding='{redirect}' Location='https://sts.fabrikam.com/r'/>\
             <SingleSignOnService Binding='{post}' Location='https://sts.fabrikam.com/p'/>\
             </IDPSSODescriptor></EntityDescriptor>",
            key(" use='encryption'", next),
            post = BINDINGS[0],
            redirect = BINDINGS[1],
        )
    }

    #[test]
    fn what_is_registered_is_what_the_role_says() {
        let saml = read(metadata().as_bytes(), None).unwrap();
        let issuer = "http://sts.fabrikam.com/adfs/services/trust";
        assert_eq!(saml.issuer_uri, issuer);
        assert_eq!(saml.preferred_authentication_protocol, Saml);
        assert_eq!(saml.passive_sign_in_uri, "https://sts.fabrikam.com/p");
        let sign_out = saml.sign_out_uri.as_deref();
        assert_eq!(sign_out, Some("https://sts.fabrikam.com/slo"));
        assert_eq!(saml.signing_certificate, *CURRENT.certificate());
        assert_eq!(
            saml.next_signing_certificate.as_ref(),
            Some(NEXT.certificate())
        );

        let ws_fed = read(metadata().as_bytes(), Some(WsFed)).unwrap();
        let passive = "https://sts.fabrikam.com/adfs/ls/";
        assert_eq!(ws_fed.passive_sign_in_uri, passive);
        let sign_out = ws_fed.sign_out_uri.unwrap();
        assert_eq!(sign_out, format!("{passive}?wa=wsignout1.0"));
        let alone = metadata().replacen("IDPSSODescriptor", "SPSSODescriptor", 2);
        let alone = read(alone.as_bytes(), None).unwrap();
        assert_eq!(alone.preferred_authentication_protocol, WsFed);
    }

    #[test]
    fn what_cannot_be_registered_says_why() {
        let said = |change: &dyn Fn(String) -> String, protocol| {
            let changed = change(metadata());
            read(changed.as_bytes(), protocol).unwrap_err().to_string()
        };
        let without = |part: &'static str| move |text: String| text.replace(part, "Other");
        assert!(said(&without("IDPSSODescriptor"), Some(Saml)).contains("speaks saml"));
        assert!(said(&without("SingleSignOnService"), None).contains("no SingleSignOn"));
        assert!(said(&without("KeyDescriptor"), None).contains("no signing certificate"));
        let two = |text: String| {
            format!("<EntitiesDescriptor xmlns='{MD}'>{text}{text}</EntitiesDescriptor>")
        };
        assert!(said(&two, None).contains("2 identity providers"));
        let third = fixture::STRANGER.certificate().base64();
        let third = move |text: String| {
            let at = "<SingleLogoutService";
            text.replace(at, &format!("{}{at}", key("", third)))
        };
        assert!(said(&third, None).contains("3 signing certificates"));
        assert!(said(&|_| "<a>".to_owned(), None).contains("cannot be read"));
    }

    #[test]
    fn metadata_takes_the_place_of_what_the_tenant_has() {
        let federation = read(metadata().as_bytes(), None).unwrap();
        let tenants: Tenants = fixture::contoso().into();
        let registered = register(&tenants, federation.clone()).unwrap();
        let (domain, now) = registered.first().federations().next().unwrap();
        let (same, before) = tenants.first().federations().next().unwrap();
        assert_eq!(domain.name, same.name);
        assert_eq!(now.issuer_uri, federation.issuer_uri);
        assert_eq!(now.display_name, before.display_name);

        let user = OnlyUser {
            email: fixture::name("wmoran@fabrikam.com"),
            user_principal_name: fixture::name("wmoran@partners.contoso.com"),
            immutable_id: ImmutableId::parse(fixture::WENDYS_ANCHOR).unwrap(),
        };
        let tenants = tenant_for(user, federation).unwrap();
        let found = tenants.first().federations().next().unwrap();
        assert_eq!(found.0.name.as_str(), "partners.contoso.com");
    }
}
