use time::OffsetDateTime;

use crate::{
    trust::{NameIdFormat, RequestKeys, RequestSignatures},
    xml::{Element, SignatureError, SignaturePolicy, verify_enveloped},
};

use super::{
    ReceivedRequest, RequestedAuthnContext, Status,
    names::{ASSERTION, BINDING_POST, DSIG, PROTOCOL},
    timestamp::parse_timestamp,
};

/// A request for authentication (SAML core 3.4.1), its signature checked as its trust demands.
#[derive(Clone, Debug)]
pub struct AuthnRequest {
    /// `ID`: what the answer's `InResponseTo` names.
    pub id: String,
    /// `Issuer`: the relying party's entity ID.
    pub issuer: String,
    /// When it was made.
    pub issue_instant: OffsetDateTime,
    /// The address it was meant for, where it says so; must be ours.
    pub destination: Option<String>,
    /// Where it wants the answer.
    pub consumer: RequestedConsumer,
    /// `ForceAuthn`: a live session does not count.
    pub force_authn: bool,
    /// `IsPassive`: nobody may be asked anything.
    pub is_passive: bool,
    /// What it asks of the authentication.
    pub authn_context: Option<RequestedAuthnContext>,
    /// `Subject/NameID`: who it expects to sign in, a hint for the page.
    pub subject: Option<String>,
    binding_problem: Option<Status>,
    name_id_policy: NameIdPolicy,
}

/// What a `NameIDPolicy` (SAML core 3.4.1.1) wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NameIdPolicy {
    /// Any name that is for the asking relying party.
    Any,
    /// One of this format.
    Of(NameIdFormat),
    /// What is not issued at all: another format, or a name for somebody else.
    Other,
}

/// How a request names the address for its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestedConsumer {
    /// Not at all: the trust's default. Entra's own requests are so.
    Default,
    /// `AssertionConsumerServiceIndex`.
    Index(u16),
    /// `AssertionConsumerServiceURL`.
    Url(String),
}

/// Why a message is no request that we answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The root element is something else.
    #[error("the message is not a SAML 2.0 AuthnRequest")]
    NotAuthnRequest,
    /// A required part is missing, repeated or out of shape.
    #[error("{0} is missing or out of shape")]
    Malformed(&'static str),
    /// `Version` is not 2.0.
    #[error("the version is not 2.0")]
    Version,
    /// The trust demands a signature and there is none.
    #[error("this relying party must sign its requests, and this one is not signed")]
    Unsigned,
    /// The enveloped signature does not hold.
    #[error("the request's signature is refused: {0}")]
    Signature(#[from] SignatureError),
    /// The query names a signature algorithm that is not permitted.
    #[error("the query's SigAlg is not permitted for this relying party")]
    RedirectAlgorithm,
    /// The query's signature fits none of the relying party's keys.
    #[error("the query's signature does not hold")]
    RedirectSignature,
}

/// Longer IDs serve nobody and would be kept for the replay check.
const MAX_ID: usize = 256;

impl ReceivedRequest {
    /// Checks the signature as `signatures` demands, then reads the request from what was
    /// verified.
    pub fn authenticate(
        self,
        signatures: &RequestSignatures,
    ) -> Result<AuthnRequest, RequestError> {
        if !self.root.is(PROTOCOL, "AuthnRequest") {
            return Err(RequestError::NotAuthnRequest);
        }
        match signatures {
            RequestSignatures::NotVerified => AuthnRequest::read(&self.root),
            RequestSignatures::WhenPresent(keys) => {
                if self.redirect_signature.is_none() && !has_signature(&self.root) {
                    return AuthnRequest::read(&self.root);
                }
                self.verify(keys)
            }
            RequestSignatures::Required(keys) => self.verify(keys),
        }
    }

    fn verify(self, keys: &RequestKeys) -> Result<AuthnRequest, RequestError> {
        if let Some(signature) = &self.redirect_signature {
            signature.verify(keys)?;
            return AuthnRequest::read(&self.root);
        }
        if !has_signature(&self.root) {
            return Err(RequestError::Unsigned);
        }
        let policy = policy(keys);
        let keys: Vec<_> = keys.keys().iter().collect();
        let verified = verify_enveloped(&self.root, &keys, &policy)?;
        AuthnRequest::read(verified.element())
    }
}

/// SHA-1 only where the trust permits it: Entra signs its requests so.
pub(super) fn policy(keys: &RequestKeys) -> SignaturePolicy {
    if keys.permit_sha1() {
        SignaturePolicy::SHA1_TOO
    } else {
        SignaturePolicy::SHA2
    }
}

fn has_signature(root: &Element) -> bool {
    root.elements().any(|child| child.is(DSIG, "Signature"))
}

impl AuthnRequest {
    fn read(root: &Element) -> Result<Self, RequestError> {
        if root.attribute("Version") != Some("2.0") {
            return Err(RequestError::Version);
        }
        let id = root.attribute("ID").ok_or(RequestError::Malformed("ID"))?;
        if id.len() > MAX_ID || !is_ncname(id) {
            return Err(RequestError::Malformed("ID"));
        }
        let issue_instant = root
            .attribute("IssueInstant")
            .and_then(parse_timestamp)
            .ok_or(RequestError::Malformed("IssueInstant"))?;
        let issuer = only(root, ASSERTION, "Issuer")?
            .and_then(|issuer| issuer.text().map(|text| text.trim().to_owned()))
            .filter(|issuer| !issuer.is_empty())
            .ok_or(RequestError::Malformed("Issuer"))?;
        let name_id_policy = match only(root, PROTOCOL, "NameIDPolicy")? {
            Some(policy) => NameIdPolicy::read(policy, &issuer),
            None => NameIdPolicy::Any,
        };
        // Answers go by HTTP-POST; whoever wants another binding is told so.
        let binding_problem = root
            .attribute("ProtocolBinding")
            .is_some_and(|binding| binding != BINDING_POST)
            .then_some(Status::RequestUnsupported);
        Ok(Self {
            id: id.to_owned(),
            issuer,
            issue_instant,
            destination: root.attribute("Destination").map(str::to_owned),
            consumer: requested_consumer(root)?,
            force_authn: boolean(root, "ForceAuthn")?,
            is_passive: boolean(root, "IsPassive")?,
            authn_context: only(root, PROTOCOL, "RequestedAuthnContext")?
                .map(RequestedAuthnContext::read)
                .transpose()?,
            subject: subject(root)?,
            binding_problem,
            name_id_policy,
        })
    }

    /// What the request asks for that its relying party is not issued, whoever signs in: `issued`
    /// is the format of the names under which it knows people.
    pub fn policy_problem(&self, issued: NameIdFormat) -> Option<Status> {
        let agrees = match self.name_id_policy {
            NameIdPolicy::Any => true,
            NameIdPolicy::Of(wanted) => wanted == issued,
            NameIdPolicy::Other => false,
        };
        let name_id_problem = (!agrees).then_some(Status::InvalidNameIdPolicy);
        self.binding_problem.or(name_id_problem)
    }
}

fn only<'a>(
    root: &'a Element,
    namespace: &str,
    local: &'static str,
) -> Result<Option<&'a Element>, RequestError> {
    root.only_child(namespace, local)
        .map_err(|_| RequestError::Malformed(local))
}

fn requested_consumer(root: &Element) -> Result<RequestedConsumer, RequestError> {
    const INDEX: &str = "AssertionConsumerServiceIndex";
    match (
        root.attribute("AssertionConsumerServiceURL"),
        root.attribute(INDEX),
    ) {
        (None, None) => Ok(RequestedConsumer::Default),
        (Some(url), None) => Ok(RequestedConsumer::Url(url.to_owned())),
        (None, Some(index)) => index
            .trim()
            .parse()
            .map(RequestedConsumer::Index)
            .map_err(|_| RequestError::Malformed(INDEX)),
        // Mutually exclusive (SAML core 3.4.1).
        (Some(_), Some(_)) => Err(RequestError::Malformed(INDEX)),
    }
}

/// `xs:boolean`.
fn boolean(root: &Element, name: &'static str) -> Result<bool, RequestError> {
    match root.attribute(name).map(str::trim) {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(_) => Err(RequestError::Malformed(name)),
    }
}

fn subject(root: &Element) -> Result<Option<String>, RequestError> {
    let Some(subject) = only(root, ASSERTION, "Subject")? else {
        return Ok(None);
    };
    let name = only(subject, ASSERTION, "NameID")?.and_then(|name| name.text());
    Ok(name
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty()))
}

impl NameIdPolicy {
    fn read(policy: &Element, issuer: &str) -> Self {
        let qualifier = policy.attribute("SPNameQualifier");
        if qualifier.is_some_and(|qualifier| qualifier != issuer) {
            return Self::Other;
        }
        match policy.attribute("Format").map(NameIdFormat::parse) {
            // Unspecified is what says nothing, too (SAML core 3.4.1.1).
            None | Some(Some(NameIdFormat::Unspecified)) => Self::Any,
            Some(Some(format)) => Self::Of(format),
            Some(None) => Self::Other,
        }
    }
}

/// `xs:ID` as far as ASCII goes; what real senders use is a part of that.
fn is_ncname(id: &str) -> bool {
    let mut characters = id.chars();
    characters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && characters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}
