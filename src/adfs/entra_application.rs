//! A trust as an application of Entra: the requests to Microsoft Graph that make it, in their order.
//!
//! What the first one answers stands in the paths of the others, as `{application-id}` and
//! `{service-principal-id}`; and `{policy-id}` is that of the claims mapping policy. Nothing is sent.

use serde_json::{Value, json};

use super::{
    RelyingPartyTrust,
    translate::{Access, Claim, ClaimSource, NameId, Translation},
};

/// The template of an application that is in no gallery (worldwide cloud).
const CUSTOM_APPLICATION: &str = "8adf8e6e-67b2-4cf2-a259-e3dc5476c621";

const CLAIMS: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/";

/// Attributes of Active Directory that Entra Connect carries over, and what claims mapping calls them
/// ("Claims mapping policy type", the table of sources).
const PROPERTIES: [(&str, &str); 25] = [
    ("c", "country"),
    ("co", "country"),
    ("company", "companyname"),
    ("department", "department"),
    ("displayName", "displayname"),
    ("employeeID", "employeeid"),
    ("facsimileTelephoneNumber", "facsimiletelephonenumber"),
    ("givenName", "givenname"),
    ("l", "city"),
    ("mail", "mail"),
    ("mailNickname", "mailnickname"),
    ("mobile", "mobilephone"),
    ("otherMailbox", "othermail"),
    ("physicalDeliveryOfficeName", "officelocation"),
    ("postalCode", "postalcode"),
    ("preferredLanguage", "preferredlanguage"),
    ("proxyAddresses", "proxyaddresses"),
    ("sAMAccountName", "onpremisessamaccountname"),
    ("sn", "surname"),
    ("st", "state"),
    ("streetAddress", "streetaddress"),
    ("telephoneNumber", "telephonenumber"),
    ("title", "jobtitle"),
    ("userPrincipalName", "userprincipalname"),
    ("objectGUID", "onpremisesimmutableid"),
];

/// Claims that no policy changes ("SAML restricted claim set"), as far as AD FS's rules issue them.
const RESTRICTED: [&str; 9] = [
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/authenticationinstant",
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/authenticationmethod",
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/groupsid",
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/primarygroupsid",
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/primarysid",
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/role",
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/windowsaccountname",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/privatepersonalidentifier",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn",
];

/// The requests that make the application, and what they leave out with the reason.
pub fn requests(trust: &RelyingPartyTrust, translation: &Translation) -> Value {
    let mut left_out: Vec<Value> = translation
        .untranslated
        .iter()
        .map(|untranslated| json!(untranslated))
        .collect();
    let schema = schema(translation, &mut left_out);
    let everyone = translation.access == Access::Everyone;
    if let Access::Only(_) = translation.access {
        left_out.push(json!({
            "what": "access",
            "reason": "assign the groups to the application; only assigned people may use it",
        }));
    }
    let policy = json!({
        "ClaimsMappingPolicy": {
            "Version": 1,
            "IncludeBasicClaimSet": "true",
            "ClaimsSchema": schema,
        }
    });
    let service_principal = "/servicePrincipals/{service-principal-id}";
    json!({
        "displayName": trust.name,
        "requests": [
            request(
                "POST",
                &format!("/applicationTemplates/{CUSTOM_APPLICATION}/instantiate"),
                &json!({ "displayName": trust.name }),
            ),
            request(
                "PATCH",
                service_principal,
                &json!({
                    "preferredSingleSignOnMode": "saml",
                    "appRoleAssignmentRequired": !everyone,
                    "accountEnabled": trust.enabled,
                }),
            ),
            request(
                "PATCH",
                "/applications/{application-id}",
                &json!({
                    "identifierUris": trust.identifiers,
                    "web": {
                        "redirectUris": reply_addresses(trust),
                        "logoutUrl": logout_address(trust),
                    },
                }),
            ),
            request(
                "POST",
                &format!("{service_principal}/addTokenSigningCertificate"),
                &json!({ "displayName": format!("CN={}", trust.name) }),
            ),
            request(
                "POST",
                "/policies/claimsMappingPolicies",
                &json!({
                    "displayName": format!("Claims of {}", trust.name),
                    "definition": [policy.to_string()],
                }),
            ),
            request(
                "POST",
                &format!("{service_principal}/claimsMappingPolicies/$ref"),
                &json!({
                    "@odata.id":
                        "https://graph.microsoft.com/v1.0/policies/claimsMappingPolicies/{policy-id}",
                }),
            ),
        ],
        "leftOut": left_out,
    })
}

fn request(method: &str, path: &str, body: &Value) -> Value {
    json!({
        "method": method,
        "url": format!("https://graph.microsoft.com/v1.0{path}"),
        "body": body,
    })
}

/// SAML's answers go to the first one unless the application names another.
fn reply_addresses(trust: &RelyingPartyTrust) -> Vec<&str> {
    let mut consumers: Vec<_> = trust
        .saml_endpoints
        .iter()
        .filter(|endpoint| {
            endpoint.protocol == "SAMLAssertionConsumer" && endpoint.binding == "POST"
        })
        .collect();
    consumers.sort_by_key(|endpoint| (!endpoint.is_default, endpoint.index));
    let consumers = consumers
        .into_iter()
        .map(|endpoint| endpoint.location.as_str());
    let mut addresses: Vec<&str> = Vec::new();
    for address in consumers.chain(trust.ws_fed_endpoint.as_deref()) {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    addresses
}

fn logout_address(trust: &RelyingPartyTrust) -> Option<&str> {
    let mut endpoints = trust.saml_endpoints.iter();
    endpoints
        .find(|endpoint| endpoint.protocol == "SAMLLogout")
        .map(|endpoint| endpoint.location.as_str())
}

fn schema(translation: &Translation, left_out: &mut Vec<Value>) -> Vec<Value> {
    let mut schema = Vec::new();
    let name_id = match &translation.name_id {
        Some(NameId::EmailAddress(name) | NameId::Unspecified(name)) => property(name),
        Some(NameId::ImmutableId) => Some("onpremisesimmutableid".to_owned()),
        Some(NameId::Pairwise | NameId::Transient) | None => None,
    };
    if let Some(id) = name_id {
        schema.push(json!({
            "Source": "user",
            "ID": id,
            "SamlClaimType": format!("{CLAIMS}nameidentifier"),
        }));
    }
    for claim in &translation.claims {
        match entry(claim) {
            Ok(entry) => schema.push(entry),
            Err(reason) => left_out.push(json!({ "what": claim.name, "reason": reason })),
        }
    }
    schema
}

fn entry(claim: &Claim) -> Result<Value, String> {
    if RESTRICTED.contains(&claim.name.as_str()) {
        return Err("Entra lets no policy issue this claim".to_owned());
    }
    if claim.replace.is_some() {
        return Err(
            "it changes or chooses values; make a claims transformation in the portal".to_owned(),
        );
    }
    if !claim.conditions.is_empty() {
        return Err("it has conditions; make a claim condition in the portal".to_owned());
    }
    match &claim.source {
        ClaimSource::Attribute(name) => {
            let id = property(name);
            let id = id.ok_or_else(|| {
                format!("Entra has no property for {name}; sync it as a directory extension")
            })?;
            Ok(json!({ "Source": "user", "ID": id, "SamlClaimType": claim.name }))
        }
        ClaimSource::ImmutableId => Ok(
            json!({ "Source": "user", "ID": "onpremisesimmutableid", "SamlClaimType": claim.name }),
        ),
        ClaimSource::Constant(text) => Ok(json!({ "Value": text, "SamlClaimType": claim.name })),
        ClaimSource::Group { .. } => {
            Err("it names a group; make an app role of it, and assign the group".to_owned())
        }
    }
}

fn property(attribute: &str) -> Option<String> {
    let mut known = PROPERTIES.into_iter();
    known
        .find(|(name, _)| name.eq_ignore_ascii_case(attribute))
        .map(|(_, id)| id.to_owned())
        .or_else(|| extension(attribute))
}

/// `extensionAttribute1` to `15`, which are called the same.
fn extension(attribute: &str) -> Option<String> {
    let name = attribute.to_ascii_lowercase();
    let number = name
        .strip_prefix("extensionattribute")?
        .parse::<u8>()
        .ok()?;
    (1..=15).contains(&number).then_some(name)
}
